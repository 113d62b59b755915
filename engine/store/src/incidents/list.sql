select instance_id, key, null as job_id, reason, item, since_at_ms
from incidents
union all
-- Jobs that nobody waits for are seen in the list of dead jobs only: they keep no instance.
select instance_id, key, id as job_id, last_error as reason, item, finished_at_ms as since_at_ms
from jobs
where state = 'dead' and awaited = 1 and instance_id is not null
order by since_at_ms, instance_id, key
limit $1
