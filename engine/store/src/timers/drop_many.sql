-- One that was set anew since it fired is kept. The list leads, so that each of its rows finds its timer by the key:
-- a condition on both inside the list would read every timer for every row.
delete from timers
where (instance_id, key) in (
    select set_.instance_id, set_.key
    from {rows} cross join timers as set_
    where set_.instance_id = r.instance_id and set_.key = r.key and set_.generation <= r.generation
) and {when}
