select
  item_id,
  'rate_variance_under' as category,
  price_gap_amount as claimed_amount,
  currency,
  price_verdict as verdict,
  cast(null as {{ dbt.type_string() }}) as reason,
  price_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  item_type = 'time_entry'
  and price_gap_amount > tolerance_amount
