select
  item_id,
  'discount_or_tier_error' as category,
  discount_gap_amount as claimed_amount,
  currency,
  price_verdict as verdict,
  case when is_tiered then 'tier' else 'discount_ended' end as reason,
  price_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  discount_gap_amount > tolerance_amount
