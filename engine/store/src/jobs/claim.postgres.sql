-- The time in braces is $2, or the clock moved by $2: claim.rs.
--
-- Rows that another worker is taking are passed over instead of waited for. A locked row stays where it is, so its place
-- (ctid) finds it again without an index, and a list of places cannot be planned as a join over the whole table. A row
-- that moved just before it was locked is left for the next claim.
update jobs
set state = 'running',
    attempts = attempts + 1,
    lease_token = $3,
    lease_epoch = lease_epoch + 1,
    leased_until_ms = {now} + $4,
    worker = $5
where ctid = any (array(
    select ctid from jobs
    where state = 'available' and queue = $1 and run_at_ms <= {now}
        and not exists (select 1 from queue_control where queue = $1 and paused = 1)
    order by priority, run_at_ms, id
    limit $6
    for update of jobs skip locked
))
returning id, key, kind, payload, attempts, max_attempts, lease_epoch, outside_call_at_ms, instance_id, awaited, item,
    priority, run_at_ms
