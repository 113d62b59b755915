insert into jobs (
    id, queue, kind, key, payload, state, priority, run_at_ms, attempts, max_attempts, lease_epoch, worker, last_error,
    instance_id, awaited, item, concurrency_key, created_at_ms, finished_at_ms
)
select id, queue, kind, key, payload, state, priority, run_at_ms, attempts, max_attempts, attempts, worker, last_error,
    instance_id, awaited, item, concurrency_key, created_at_ms, finished_at_ms
from {rows}
where {when}
on conflict (key) do nothing
