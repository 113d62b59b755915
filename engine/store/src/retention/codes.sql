delete from codes
where id in (
    select id from codes
    where expires_at_ms < $1 and (purpose <> 'intent' or used_at_ms is null)
    order by expires_at_ms
    limit $2
)
