-- Locked: whoever else counts these calls waits until ours are kept.
select provider, max, period_ms, granted, blocked_until_ms
from rate_limits
where provider in (select jsonb_array_elements_text($1::jsonb))
order by provider
for update
