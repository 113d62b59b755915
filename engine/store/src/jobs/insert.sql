insert into jobs (
    id, queue, kind, key, payload, state, priority, run_at_ms, attempts, max_attempts, lease_epoch, last_error,
    instance_id, awaited, item, created_at_ms, finished_at_ms, concurrency_key
)
values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, 0, $10, $11, $12, $13, $14, $15, $16)
on conflict (key) do nothing
