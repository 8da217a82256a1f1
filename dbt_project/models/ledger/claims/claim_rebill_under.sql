select
  item_id,
  'rebill_under' as category,
  open_amount as claimed_amount,
  currency,
  price_verdict as verdict,
  cast(null as {{ dbt.type_string() }}) as reason,
  price_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  item_type = 'expense_item'
  and billed_amount > 0
  and open_amount > tolerance_amount
