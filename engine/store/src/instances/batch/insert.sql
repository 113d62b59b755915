insert into instances (
    id, definition_hash, subject_kind, subject_id, state, status, seq, outcome, created_at_ms, updated_at_ms,
    finished_at_ms
)
select id, definition_hash, subject_kind, subject_id, state, status, seq, outcome, created_at_ms, updated_at_ms,
    finished_at_ms
from {rows}
where true
on conflict (id) do nothing
