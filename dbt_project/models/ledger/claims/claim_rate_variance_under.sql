select
  item_id,
  'rate_variance_under' as category,
  underpriced_amount as claimed_amount,
  currency,
  price_verdict as verdict,
  cast(null as {{ dbt.type_string() }}) as reason,
  price_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  item_type = 'time_entry'
  and underpriced_amount > tolerance_amount
