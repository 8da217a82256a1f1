select
  -- The reference id is what the ledger calls the company, and what people and other systems refer to.
  coalesce(reference_id, organization_wid) as source_id,
  updated_at as source_updated_at,
  (is_deleted or is_inactive) as is_deleted,
  name,
  -- The organization says none of these; and what is above a company is a hierarchy, not a company.
  cast(null as {{ dbt.type_string() }}) as currency,
  cast(null as {{ dbt.type_string() }}) as country,
  cast(null as {{ dbt.type_string() }}) as parent_source_id,
  cast(null as {{ dbt.type_string() }}) as time_zone
from {{ ref('stg_workday__organizations') }}
where organization_type = 'company'
