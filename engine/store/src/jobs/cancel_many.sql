-- One that is dead stays so, for a person; but nobody needs any more what it kept.
update jobs
set state = case when jobs.state = 'available' then 'cancelled' else jobs.state end,
    finished_at_ms = case when jobs.state = 'available' then r.at_ms else jobs.finished_at_ms end,
    kept = null
from {rows}
where jobs.key = r.key and (jobs.state = 'available' or (jobs.state = 'dead' and jobs.kept is not null)) and {when}
