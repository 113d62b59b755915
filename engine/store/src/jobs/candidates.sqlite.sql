-- Not the kinds $3, whose provider may not be called now, nor the keys $4, whose slots are taken, nor the jobs $5.
select id, kind, concurrency_key
from jobs
where state = 'available' and queue = $1 and run_at_ms <= $2
    and not exists (select 1 from queue_control where queue = $1 and paused = 1)
    and kind not in (select value from json_each($3))
    and (concurrency_key is null or concurrency_key not in (select value from json_each($4)))
    and id not in (select value from json_each($5))
order by priority, run_at_ms, id
limit $6
