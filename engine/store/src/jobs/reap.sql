update jobs
set state = $3, finished_at_ms = $4, run_at_ms = $5, last_error = $6, lease_token = null, leased_until_ms = null,
    worker = null
where id = $1 and lease_token = $2 and state = 'running'
