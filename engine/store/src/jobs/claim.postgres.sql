-- Rows that another worker is taking are passed over instead of waited for. The list is made once and kept
-- (materialized): evaluated again it would lock more rows than were asked for.
with picked as materialized (
    select id from jobs
    where state = 'available' and queue = $1 and run_at_ms <= $2
        and not exists (select 1 from queue_control where queue = $1 and paused = 1)
    order by priority, run_at_ms, id
    limit $6
    for update of jobs skip locked
)
update jobs
set state = 'running',
    attempts = attempts + 1,
    lease_token = $3,
    lease_epoch = lease_epoch + 1,
    leased_until_ms = $4,
    worker = $5
from picked
where jobs.id = picked.id
returning jobs.id, key, kind, payload, attempts, max_attempts, lease_epoch, outside_call_at_ms, instance_id, awaited,
    item, priority, run_at_ms
