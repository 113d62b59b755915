select id, definition_hash, subject_kind, subject_id, state, status, seq, outcome, created_at_ms, updated_at_ms,
    finished_at_ms
from instances
where id in (select r.id from {rows})
order by id