-- SQLite has one writer, and it is us: no row needs to be locked.
select instance_id, key, generation, due_at_ms, tries, last_error
from timers
where try_at_ms <= $1
order by try_at_ms
limit $2
