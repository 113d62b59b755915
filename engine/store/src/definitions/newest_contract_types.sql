select compiled
from definitions
where kind = 'contract_type'
    and not exists (
        select 1 from definitions newer
        where newer.name = definitions.name
            and (newer.version > definitions.version
                or (newer.version = definitions.version and newer.compilation > definitions.compilation))
    )
order by name
