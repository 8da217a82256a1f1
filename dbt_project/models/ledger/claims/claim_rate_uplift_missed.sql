select
  item_id,
  'rate_uplift_missed' as category,
  uplift_gap_amount as claimed_amount,
  currency,
  case when is_uplift_lost then 'confirmed_loss' else price_verdict end as verdict,
  case when is_uplift_lost then 'notice_missed' end as reason,
  price_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  uplift_gap_amount > 0
  and (is_uplift_lost or uplift_gap_amount > tolerance_amount)
