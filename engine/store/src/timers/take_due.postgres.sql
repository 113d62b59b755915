-- The instance is locked, not the timer: everybody who changes an instance locks it first and its timers afterwards.
select timers.instance_id, timers.key, timers.generation, timers.due_at_ms, timers.tries, timers.last_error
from timers
join instances on instances.id = timers.instance_id
where timers.try_at_ms <= $1
order by timers.try_at_ms
limit $2
for update of instances skip locked
