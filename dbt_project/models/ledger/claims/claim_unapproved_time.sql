select
  item_id,
  'unapproved_time' as category,
  open_amount as claimed_amount,
  currency,
  unbilled_verdict as verdict,
  cast(null as {{ dbt.type_string() }}) as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  item_type = 'time_entry'
  and status = 'submitted'
  and approval_due_date < {{ as_of_date() }}
