select id
from instances
where finished_at_ms < $1
    and subject_kind <> 'contract'
    and not exists (select 1 from contracts where contracts.instance_id = instances.id)
    and not exists (
        select 1 from jobs
        where jobs.instance_id = instances.id and state in ('available', 'running', 'dead')
    )
order by finished_at_ms
limit $2
