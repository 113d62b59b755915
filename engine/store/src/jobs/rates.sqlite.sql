select provider, max, period_ms, granted, blocked_until_ms
from rate_limits
where provider in (select value from json_each($1))
order by provider
