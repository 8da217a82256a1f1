select
  subsidiaries.subsidiary_id as source_id,
  subsidiaries.updated_at as source_updated_at,
  subsidiaries.is_deleted,
  subsidiaries.name,
  currencies.currency_code as currency,
  subsidiaries.country,
  subsidiaries.parent_subsidiary_id as parent_source_id,
  subsidiaries.time_zone
from {{ ref('stg_netsuite__subsidiaries') }} as subsidiaries
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on subsidiaries.currency_id = currencies.currency_id
where not coalesce(subsidiaries.is_elimination, false)
