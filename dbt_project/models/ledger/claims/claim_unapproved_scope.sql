select
  item_id,
  'unapproved_scope' as category,
  open_amount as claimed_amount,
  currency,
  unbilled_verdict as verdict,
  'change_order_' || change_order_status as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  item_type = 'time_entry'
  and change_order_status in ('draft', 'pending')
  and status in ('approved', 'submitted')
