select
  calendar_code as source_id,
  exported_at as source_updated_at,
  is_deleted,
  name,
  case frequency_code
    when 'HEBDO' then 'weekly'
    when 'MENSUEL' then 'monthly'
    when 'TRIM' then 'quarterly'
    else 'unknown'
  end as frequency,
  coalesce(cutoff_day, 31) as cutoff_day
from {{ ref('stg_files__billing_calendars') }}
