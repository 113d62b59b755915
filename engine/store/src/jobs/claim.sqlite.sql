-- SQLite has one writer, and it is us: no row needs to be locked.
update jobs
set state = 'running',
    attempts = attempts + 1,
    lease_token = $3,
    lease_epoch = lease_epoch + 1,
    leased_until_ms = $2 + $4,
    worker = $5
where id in (
    select id from jobs
    where state = 'available' and queue = $1 and run_at_ms <= $2
        and not exists (select 1 from queue_control where queue = $1 and paused = 1)
    order by priority, run_at_ms, id
    limit $6
)
returning id, key, kind, payload, attempts, max_attempts, lease_epoch, outside_call_at_ms, instance_id, awaited,
    item, priority, run_at_ms
