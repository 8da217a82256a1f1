select
  item_id,
  'not_yet_due' as category,
  open_amount as claimed_amount,
  currency,
  'not_yet_due' as verdict,
  cast(null as {{ dbt.type_string() }}) as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  status = 'approved'
  and not is_past_due
