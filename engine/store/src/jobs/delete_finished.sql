delete from jobs
where id in (
    select id from jobs
    where state in ('done', 'cancelled') and finished_at_ms < $1
    order by finished_at_ms
    limit $2
)
