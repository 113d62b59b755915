insert into timers (instance_id, key, generation, due_at_ms, try_at_ms, tries)
select instance_id, key, generation, due_at_ms, due_at_ms, 0
from {rows}
where {when}
on conflict (instance_id, key) do update
set generation = excluded.generation,
    due_at_ms = excluded.due_at_ms,
    try_at_ms = excluded.try_at_ms,
    tries = 0,
    last_error = null
where timers.generation < excluded.generation
