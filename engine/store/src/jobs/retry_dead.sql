update jobs
set state = 'available', queue = $3, run_at_ms = $2, attempts = 0, max_attempts = $4, finished_at_ms = null
where id = $1 and state = 'dead'
