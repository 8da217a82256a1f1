select
  item_id,
  'dispute_open' as category,
  open_amount as claimed_amount,
  currency,
  case when is_past_due then unbilled_verdict else 'not_yet_due' end as verdict,
  'disputed_before_billing' as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  is_on_hold
  and lower(hold_reason) like '%dispute%'
  and is_approval_over
