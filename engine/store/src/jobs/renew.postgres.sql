-- The engines read a JSON list with different functions.
update jobs
set leased_until_ms = $3
where id in (select jsonb_array_elements_text($1::jsonb))
    and id || '/' || lease_token in (select jsonb_array_elements_text($2::jsonb))
    and state = 'running'
returning id
