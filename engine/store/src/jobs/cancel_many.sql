update jobs
set state = 'cancelled', finished_at_ms = r.at_ms
from {rows}
where jobs.key = r.key and jobs.state = 'available' and {when}
