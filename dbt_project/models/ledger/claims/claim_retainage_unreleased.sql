select
  item_id,
  'retainage_unreleased' as category,
  retainage_amount as claimed_amount,
  currency,
  case when retainage_release_date < {{ as_of_date() }} then 'at_risk' else 'not_yet_due' end as verdict,
  case when coalesce(retainage_release_date >= {{ as_of_date() }}, true) then 'kept_back' end as reason,
  cast(null as date) as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  retainage_amount > 0
  and billing_count > 0
