select instance_id, seq, event, disposition, status, effects
from history
where (instance_id, event_id) in (select r.instance_id, r.event_id from {rows})
