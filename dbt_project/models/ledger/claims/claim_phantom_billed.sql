select
  item_id,
  'phantom_billed' as category,
  open_amount as claimed_amount,
  currency,
  unbilled_verdict as verdict,
  cast(null as {{ dbt.type_string() }}) as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  is_marked_billed
  and billing_count = 0
  and is_approval_over
  and is_past_due
