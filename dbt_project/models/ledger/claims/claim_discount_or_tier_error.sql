select
  item_id,
  'discount_or_tier_error' as category,
  case when is_tiered then underpriced_amount else least(underpriced_amount, ended_discount_amount) end as claimed_amount,
  currency,
  price_verdict as verdict,
  case when is_tiered then 'tier' else 'discount_ended' end as reason,
  price_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  (is_tiered or ended_discount_amount > 0)
  and underpriced_amount > tolerance_amount
