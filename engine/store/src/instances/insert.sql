insert into instances (
    id, definition_hash, subject_kind, subject_id, state, status, seq, outcome, created_at_ms, updated_at_ms,
    finished_at_ms
)
values ($1, $2, $3, $4, $5, $6, 1, $7, $8, $8, $9)
on conflict (id) do nothing
