select
  item_id,
  'unapproved_scope' as category,
  open_amount as claimed_amount,
  currency,
  unbilled_verdict as verdict,
  case when is_before_change_order then 'before_change_order' else 'change_order_' || change_order_status end as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  item_type = 'time_entry'
  and (change_order_status in ('draft', 'pending') or (is_before_change_order and is_past_due))
  and status in ('approved', 'submitted')
