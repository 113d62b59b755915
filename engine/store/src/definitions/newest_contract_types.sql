select compiled
from definitions
where kind = 'contract_type'
    and not exists (
        select 1 from definitions newer where newer.name = definitions.name and newer.version > definitions.version
    )
order by name
