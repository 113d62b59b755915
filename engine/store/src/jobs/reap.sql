-- What it kept, the next attempt needs; after the end of its instance nobody does.
update jobs
set state = $3, finished_at_ms = $4, run_at_ms = $5, last_error = $6, lease_token = null, leased_until_ms = null,
    worker = null,
    kept = case
        when exists (select 1 from instances where id = jobs.instance_id and finished_at_ms is not null) then null
        else kept
    end
where id = $1 and lease_token = $2 and state = 'running'
