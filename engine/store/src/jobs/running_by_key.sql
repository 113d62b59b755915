select concurrency_key, count(*)
from jobs
where state = 'running' and concurrency_key is not null
group by concurrency_key
