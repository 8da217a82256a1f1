select
  item_id,
  'billing_hold_stale' as category,
  open_amount as claimed_amount,
  currency,
  unbilled_verdict as verdict,
  case when hold_reason is null then 'no_reason' when hold_until_date is null then 'no_end' else 'too_old' end as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  is_on_hold
  and is_hold_stale
  and is_approval_over
  and is_past_due
