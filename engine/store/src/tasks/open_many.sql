insert into tasks (instance_id, key, form, assignee, item, since_at_ms, due_at_ms)
select instance_id, key, form, assignee, item, since_at_ms, due_at_ms
from {rows}
where {when}
on conflict (instance_id, key) do update
set form = excluded.form, assignee = excluded.assignee, item = excluded.item, due_at_ms = excluded.due_at_ms
