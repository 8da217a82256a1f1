select
  item_id,
  'rounding' as category,
  open_amount as claimed_amount,
  currency,
  'not_leakage' as verdict,
  'rounding' as reason,
  cast(null as date) as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  billed_amount > 0
  and open_amount <= tolerance_amount
