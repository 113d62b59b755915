select instances.id
from instances
join definitions on definitions.hash = instances.definition_hash
where definitions.name = $1
    and definitions.version = $2
    and definitions.hash <> $3
    and instances.finished_at_ms is null
    and instances.id > $4
order by instances.id
limit $5
