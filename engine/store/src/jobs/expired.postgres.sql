-- Locked, so that two reapers do not take the same; passed over when its worker is just reporting.
select id, lease_token, queue, attempts, max_attempts
from jobs
where state = 'running' and leased_until_ms < $1
order by leased_until_ms
limit $2
for update skip locked
