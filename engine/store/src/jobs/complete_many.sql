update jobs
set state = 'done', finished_at_ms = $2, lease_token = null, leased_until_ms = null, last_error = null,
    kept = null
from {rows}
where jobs.id = r.id and jobs.lease_token = r.token and jobs.state = 'running'
returning jobs.id, jobs.instance_id, jobs.key, jobs.awaited
