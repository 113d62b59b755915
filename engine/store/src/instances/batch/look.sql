-- One row with the clock, in any case; the instance and its event as far as they are there.
select clock.now_ms, instances.id, instances.definition_hash, instances.subject_kind, instances.subject_id,
    instances.state, instances.status, instances.seq, instances.outcome, instances.created_at_ms,
    instances.updated_at_ms, instances.finished_at_ms, history.seq as event_seq, history.event,
    history.disposition as event_disposition, history.status as event_status, history.effects as event_effects
from (select cast(floor(extract(epoch from statement_timestamp()) * 1000) as bigint) as now_ms) as clock
left join instances on instances.id = $1
left join history on history.instance_id = $1 and history.event_id = $2
