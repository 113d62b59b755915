update jobs
set state = 'cancelled', finished_at_ms = $2
where key in (select r.key from {rows}) and state = 'available'
