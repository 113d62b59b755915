insert into history (instance_id, seq, event_id, at_ms, event, disposition, status, effects)
select instance_id, seq, event_id, at_ms, event, disposition, status, effects
from {rows}
where {when}
