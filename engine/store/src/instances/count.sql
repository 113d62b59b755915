select count(*)
from instances
where (cast($1 as text) is null or status = $1)
    and (cast($2 as text) is null or id = $2 or subject_id = $2)
