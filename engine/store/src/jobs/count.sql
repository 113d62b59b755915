select count(*)
from jobs
where (cast($1 as text) is null or state = $1)
    and (cast($2 as text) is null or queue = $2)
    and (cast($3 as text) is null or instance_id = $3)
