select
  item_id,
  'unexplained_writedown' as category,
  writedown_amount as claimed_amount,
  currency,
  unbilled_verdict as verdict,
  cast(null as {{ dbt.type_string() }}) as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  writedown_amount > 0
  and status = 'approved'
