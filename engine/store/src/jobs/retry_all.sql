update jobs
set state = 'available', queue = $3, run_at_ms = $2, attempts = 0, max_attempts = $4, finished_at_ms = null
where state = 'dead'
    and id in (select id from jobs where state = 'dead' and kind = $1 order by finished_at_ms limit $5)
