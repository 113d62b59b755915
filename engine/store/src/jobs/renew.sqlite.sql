-- See complete_plain.
update jobs
set leased_until_ms = $2
from (select key as id, value as token from json_each($1)) as mine
where jobs.id = mine.id and jobs.lease_token = mine.token
returning jobs.id
