-- See complete_plain.
update jobs
set leased_until_ms = $2
where id = any (array(select jsonb_object_keys($1::jsonb)))
    and lease_token = (select $1::jsonb) ->> id
returning id
