update jobs
set state = 'dead', last_error = $2
where id = $1 and state = 'done'
