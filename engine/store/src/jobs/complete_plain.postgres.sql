-- As for SQLite, but for how a JSON list is read.
update jobs
set state = 'done', finished_at_ms = $3, lease_token = null, leased_until_ms = null, last_error = null
where id in (select jsonb_array_elements_text($1::jsonb))
    and id || '/' || lease_token in (select jsonb_array_elements_text($2::jsonb))
    and state = 'running' and awaited = 0
returning id
