-- Jobs that free hands of the process take with the commit, as if claimed; in a paused queue they wait like others.
insert into jobs (
    id, queue, kind, key, payload, state, priority, run_at_ms, attempts, max_attempts, lease_token, lease_epoch,
    leased_until_ms, worker, instance_id, awaited, item, concurrency_key, created_at_ms
)
select id, r.queue, kind, key, payload, case when control.queue is null then 'running' else 'available' end, priority,
    run_at_ms, case when control.queue is null then 1 else 0 end, max_attempts,
    case when control.queue is null then token end, case when control.queue is null then 1 else 0 end,
    case when control.queue is null then until_ms end, case when control.queue is null then taken_by end, instance_id,
    awaited, item, concurrency_key, created_at_ms
from {rows}
left join queue_control as control on control.queue = r.queue and control.paused = 1
where {when}
on conflict (key) do nothing
returning case when state = 'running' then id end as told
