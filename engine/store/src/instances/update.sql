update instances
set state = $3, status = $4, outcome = $5, updated_at_ms = $6, finished_at_ms = $7, seq = seq + 1
where id = $1 and seq = $2
