select
  item_id,
  'not_entitled' as category,
  open_amount as claimed_amount,
  currency,
  'not_leakage' as verdict,
  not_entitled_reason as reason,
  cast(null as date) as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  not_entitled_reason is not null
