select
  item_id,
  'change_order_gap' as category,
  case when is_change_order_unsynced then open_amount else blocked_amount end as claimed_amount,
  currency,
  unbilled_verdict as verdict,
  'change_order_not_synced' as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  (is_change_order_unsynced or blocked_amount > 0)
  and status = 'approved'
  and is_past_due
