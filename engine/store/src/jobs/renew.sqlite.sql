update jobs
set leased_until_ms = $3
where id in (select value from json_each($1))
    and id || '/' || lease_token in (select value from json_each($2))
    and state = 'running'
returning id
