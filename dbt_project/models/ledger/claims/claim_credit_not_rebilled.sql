select
  item_id,
  'credit_not_rebilled' as category,
  credit_open_amount as claimed_amount,
  currency,
  case when credit_rebill_due_date < {{ as_of_date() }} then unbilled_verdict else 'not_yet_due' end as verdict,
  case when credit_rebill_due_date >= {{ as_of_date() }} then 'credit_pending' end as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  credit_open_amount > tolerance_amount
