-- Locked, and passed over when another process is taking the tick.
select name, expression, time_zone, catch_up, kind, payload, last_tick_at_ms, next_tick_at_ms, paused
from schedules
where paused = 0 and (next_tick_at_ms <= $1 or last_tick_at_ms > $1)
order by name
for update skip locked
