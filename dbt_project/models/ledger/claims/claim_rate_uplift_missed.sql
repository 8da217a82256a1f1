select
  item_id,
  'rate_uplift_missed' as category,
  case when billed_quantity > 0 then least(underpriced_amount, uplift_amount) else uplift_amount end as claimed_amount,
  currency,
  case when is_uplift_lost then 'confirmed_loss' else price_verdict end as verdict,
  case when is_uplift_lost then 'notice_missed' end as reason,
  price_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  uplift_amount > 0
  and (is_uplift_lost or underpriced_amount > tolerance_amount)
