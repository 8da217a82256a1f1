select
  item_id,
  'over_cap' as category,
  over_cap_amount as claimed_amount,
  currency,
  case when is_cap_unsure then 'indeterminate' else 'not_leakage' end as verdict,
  case when is_cap_unsure then 'change_order_currency_differs' else 'over_cap' end as reason,
  cast(null as date) as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  over_cap_amount > 0
