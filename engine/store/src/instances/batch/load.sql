-- An instance for each event that is asked for, with that event when it came before. What waits for a lock sees the
-- instance as it is then, but the rest as it was when the statement began: it is told by `seen_seq`.
select instances.id, instances.definition_hash, instances.subject_kind, instances.subject_id, instances.state,
    instances.status, instances.seq, instances.outcome, instances.created_at_ms, instances.updated_at_ms,
    instances.finished_at_ms, seen.seq as seen_seq, history.seq as event_seq, history.event,
    history.disposition as event_disposition, history.status as event_status, history.effects as event_effects
from {rows}
join instances on instances.id = r.instance_id
join instances as seen on seen.id = r.instance_id
left join history on history.instance_id = r.instance_id and history.event_id = r.event_id
order by instances.id
