-- Id and token belong together: a lease that this worker lost may have gone to itself under another token.
update jobs
set state = 'done', finished_at_ms = $3, lease_token = null, leased_until_ms = null, last_error = null
where id in (select value from json_each($1))
    and id || '/' || lease_token in (select value from json_each($2))
    and state = 'running' and awaited = 0
returning id
