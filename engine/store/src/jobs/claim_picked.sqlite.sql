update jobs
set state = 'running',
    attempts = attempts + 1,
    lease_token = $2,
    lease_epoch = lease_epoch + 1,
    leased_until_ms = $3,
    worker = $4
where id in (select value from json_each($1)) and state = 'available'
returning id, key, kind, payload, attempts, max_attempts, lease_epoch, outside_call_at_ms, instance_id, awaited,
    item, priority, run_at_ms
