select
  item_id,
  'expense_rejected_lost' as category,
  open_amount as claimed_amount,
  currency,
  case when resubmission_due_date < {{ as_of_date() }} then unbilled_verdict else 'not_yet_due' end as verdict,
  case when resubmission_due_date < {{ as_of_date() }} then 'rejected' else 'awaiting_resubmission' end as reason,
  billing_deadline as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  item_type = 'expense_item'
  and status = 'rejected'
