select
  rate_id as source_id,
  exported_at as source_updated_at,
  is_deleted,
  from_currency,
  to_currency,
  rate_date,
  case rate_type_code
    when 'M' then 'spot'
    when 'AVG' then 'month_avg'
    else 'unknown'
  end as rate_type,
  rate
from {{ ref('stg_files__fx_rates') }}
