-- As for SQLite, but for how a JSON list is read. Rows that somebody else holds (a cancellation, a claim of a process
-- that does not know of a limit yet) are passed over.
select id, kind, concurrency_key
from jobs
where state = 'available' and queue = $1 and run_at_ms <= $2
    and not exists (select 1 from queue_control where queue = $1 and paused = 1)
    and kind not in (select jsonb_array_elements_text($3::jsonb))
    and (concurrency_key is null or concurrency_key not in (select jsonb_array_elements_text($4::jsonb)))
    and id not in (select jsonb_array_elements_text($5::jsonb))
order by priority, run_at_ms, id
limit $6
for update of jobs skip locked
