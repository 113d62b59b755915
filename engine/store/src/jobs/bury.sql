-- What it kept, a person's retry may need; after the end of its instance nobody does.
update jobs
set state = 'dead', finished_at_ms = $3, lease_token = null, leased_until_ms = null, last_error = $4,
    kept = case
        when exists (select 1 from instances where id = jobs.instance_id and finished_at_ms is not null) then null
        else kept
    end
where id = $1 and lease_token = $2 and state = 'running'
