update jobs
set state = 'available', run_at_ms = $3, attempts = attempts - $4, lease_token = null, leased_until_ms = null,
    worker = null, last_error = coalesce($5, last_error)
where id = $1 and lease_token = $2 and state = 'running'
returning queue
