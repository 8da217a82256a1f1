select
  invoice_frequency_id as source_id,
  updated_at as source_updated_at,
  is_deleted,
  name,
  case period_code
    when 192350000 then 'weekly'
    when 192350001 then 'monthly'
    when 192350003 then 'quarterly'
    else 'unknown'
  end as frequency,
  -- Without the custom column a period is billed to its last day.
  coalesce(cutoff_day, 31) as cutoff_day
from {{ ref('stg_dynamics365__invoice_frequencies') }}
