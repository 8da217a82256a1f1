select
  item_id,
  'milestone_unbilled' as category,
  open_amount as claimed_amount,
  currency,
  unbilled_verdict as verdict,
  cast(null as {{ dbt.type_string() }}) as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  item_type in ('milestone', 'progress')
  and status = 'approved'
  and is_past_due
