select
  item_id,
  'not_submitted' as category,
  open_amount as claimed_amount,
  currency,
  'not_yet_due' as verdict,
  case
    when status = 'submitted' then 'awaiting_approval'
    when status = 'not_accepted' then 'not_accepted'
    else 'not_submitted'
  end as reason,
  cast(null as date) as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  status <> 'approved'
