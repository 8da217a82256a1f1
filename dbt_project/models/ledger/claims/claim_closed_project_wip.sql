select
  item_id,
  'closed_project_wip' as category,
  open_amount as claimed_amount,
  currency,
  unbilled_verdict as verdict,
  cast(null as {{ dbt.type_string() }}) as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  is_project_closed
  and is_approval_over
  and is_past_due
