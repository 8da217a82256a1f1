select
  entities.company as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  entities.is_deleted,
  entities.name,
  ledgers.accounting_currency as currency,
  coalesce(countries.iso_code, entities.country_region_id) as country,
  cast(null as {{ dbt.type_string() }}) as parent_source_id,
  {{ finance_time_zone('entities.time_zone_code') }} as time_zone
from {{ ref('stg_dynamics365__legal_entities') }} as entities
left join {{ ref('stg_dynamics365__ledgers') }} as ledgers
  on entities.company = ledgers.company
left join {{ ref('stg_dynamics365__country_regions') }} as countries
  on entities.country_region_id = countries.country_region_id
