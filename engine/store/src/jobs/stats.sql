select
    queue,
    sum(case when state = 'available' and run_at_ms <= $1 then 1 else 0 end) as depth,
    sum(case when state = 'available' and run_at_ms > $1 then 1 else 0 end) as scheduled,
    sum(case when state = 'running' then 1 else 0 end) as running,
    sum(case when state = 'dead' then 1 else 0 end) as dead,
    min(case when state = 'available' and run_at_ms <= $1 then run_at_ms end) as oldest_run_at_ms
from jobs
where state in ('available', 'running', 'dead')
group by queue
