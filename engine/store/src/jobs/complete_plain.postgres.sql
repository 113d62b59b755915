-- A list of ids for the key's index and a look into the object of tokens for each row: as a join the planner would read
-- the whole table for a list of some hundred. Only a running job has a token (jobs_lease_whole); asked for the state too,
-- it would walk the running ones.
update jobs
set state = 'done', finished_at_ms = $2, lease_token = null, leased_until_ms = null, last_error = null,
    kept = null
where id = any (array(select jsonb_object_keys($1::jsonb)))
    and lease_token = (select $1::jsonb) ->> id
    and awaited = 0
returning id
