update instances
set state = r.state, status = r.status, outcome = r.outcome, updated_at_ms = r.updated_at_ms,
    finished_at_ms = r.finished_at_ms, seq = r.seq
from {rows}
where instances.id = r.id and instances.seq = r.stored_seq
