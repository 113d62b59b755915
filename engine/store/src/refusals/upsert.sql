insert into refusals (instance_id, event_kind, name, rule, detail, actor, times, first_at_ms, last_at_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (instance_id, event_kind, name, rule, detail, actor) do update
set times = refusals.times + excluded.times, last_at_ms = excluded.last_at_ms
