delete from refusals
where instance_id = $1
    and last_at_ms < (
        select min(kept.last_at_ms)
        from (
            select last_at_ms from refusals where instance_id = $1 order by last_at_ms desc limit $2
        ) as kept
    )
