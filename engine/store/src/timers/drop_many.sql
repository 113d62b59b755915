-- One that was set anew since it fired is kept.
delete from timers
where (instance_id, key) in (
    select r.instance_id, r.key from {rows} where timers.generation <= r.generation
)
