delete from tasks
where (instance_id, key) in (select r.instance_id, r.key from {rows}) and {when}
