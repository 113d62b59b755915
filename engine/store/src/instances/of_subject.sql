select id, definition_hash, subject_kind, subject_id, state, status, seq, outcome, created_at_ms, updated_at_ms,
    finished_at_ms
from instances
where subject_kind = $1 and subject_id = $2
order by created_at_ms desc, id desc
limit 1
