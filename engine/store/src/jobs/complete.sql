update jobs
set state = 'done', finished_at_ms = $3, lease_token = null, leased_until_ms = null, last_error = null,
    kept = null
where id = $1 and lease_token = $2 and state = 'running'
returning instance_id, key, awaited
