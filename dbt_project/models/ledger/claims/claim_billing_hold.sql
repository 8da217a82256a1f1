select
  item_id,
  'billing_hold' as category,
  open_amount as claimed_amount,
  currency,
  'not_yet_due' as verdict,
  'billing_hold' as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  is_on_hold
  and is_approval_over
