-- Only a running job has a token (jobs_lease_whole), so the state need not be asked for.
update jobs
set state = 'done', finished_at_ms = $2, lease_token = null, leased_until_ms = null, last_error = null,
    kept = null
from (select key as id, value as token from json_each($1)) as mine
where jobs.id = mine.id and jobs.lease_token = mine.token and jobs.awaited = 0
returning jobs.id
