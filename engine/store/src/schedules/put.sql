-- Another process may have written it already, and taken ticks since.
insert into schedules (
    name, expression, time_zone, catch_up, kind, payload, last_tick_at_ms, next_tick_at_ms, paused, changed_at_ms
)
values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)
on conflict (name) do update set
    expression = excluded.expression,
    time_zone = excluded.time_zone,
    catch_up = excluded.catch_up,
    kind = excluded.kind,
    payload = excluded.payload,
    last_tick_at_ms = case
        when schedules.expression = excluded.expression and schedules.time_zone = excluded.time_zone
        then schedules.last_tick_at_ms else excluded.last_tick_at_ms end,
    next_tick_at_ms = case
        when schedules.expression = excluded.expression and schedules.time_zone = excluded.time_zone
        then schedules.next_tick_at_ms else excluded.next_tick_at_ms end,
    changed_at_ms = excluded.changed_at_ms
