-- Each state by an index of its own; one over all states would be written with every step of every job.
select
    queue,
    sum(case when state = 'available' and run_at_ms <= $1 then 1 else 0 end) as depth,
    sum(case when state = 'available' and run_at_ms > $1 then 1 else 0 end) as scheduled,
    sum(case when state = 'running' then 1 else 0 end) as running,
    sum(case when state = 'dead' then 1 else 0 end) as dead,
    min(case when state = 'available' and run_at_ms <= $1 then run_at_ms end) as oldest_run_at_ms
from (
    select queue, state, run_at_ms from jobs where state = 'available'
    union all
    select queue, state, run_at_ms from jobs where state = 'running'
    union all
    select queue, state, run_at_ms from jobs where state = 'dead'
) as unfinished
group by queue
