select id, queue, kind, key, state, attempts, max_attempts, run_at_ms, leased_until_ms, outside_call_at_ms, last_error,
    instance_id, item, created_at_ms, finished_at_ms
from jobs
where (cast($1 as text) is null or state = $1)
    and (cast($2 as text) is null or queue = $2)
    and (cast($3 as text) is null or instance_id = $3)
order by id desc
limit $4 offset $5
