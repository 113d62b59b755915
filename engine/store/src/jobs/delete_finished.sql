-- By id, which grows with the time of creation: an index by the end of a job would be written with every job that ends.
delete from jobs
where id in (
    select id from jobs
    where id < $3 and state in ('done', 'cancelled') and finished_at_ms < $1
    order by id
    limit $2
)
