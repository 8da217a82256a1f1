select
  schedule_id as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  is_deleted,
  name,
  case frequency_code
    when 'WEEKLY' then 'weekly'
    when 'MONTHLY' then 'monthly'
    when 'QUARTERLY' then 'quarterly'
    else 'unknown'
  end as frequency,
  -- Without the custom field a period is billed to its last day.
  coalesce(cutoff_day, 31) as cutoff_day
from {{ ref('stg_netsuite__billing_schedules') }}
