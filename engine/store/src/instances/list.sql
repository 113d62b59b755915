select instances.id, definition_hash, name, version, subject_kind, subject_id, status, seq, created_at_ms,
    updated_at_ms, finished_at_ms
from instances
join definitions on definitions.hash = instances.definition_hash
where (cast($1 as text) is null or status = $1)
    and (cast($2 as text) is null or instances.id = $2 or subject_id = $2)
order by created_at_ms desc, instances.id desc
limit $3 offset $4
