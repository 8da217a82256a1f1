select
  item_id,
  'over_cap' as category,
  over_cap_amount as claimed_amount,
  currency,
  'not_leakage' as verdict,
  'over_cap' as reason,
  cast(null as date) as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  over_cap_amount > 0
