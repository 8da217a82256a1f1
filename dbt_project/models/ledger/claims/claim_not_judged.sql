select
  item_id,
  'not_judged' as category,
  open_amount as claimed_amount,
  currency,
  'indeterminate' as verdict,
  not_judged_reason as reason,
  cast(null as date) as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  not_judged_reason is not null
  and (
    not_judged_reason not in ('missing_rate', 'rate_card_overlap')
    or status not in ('approved', 'submitted')
  )
