select
  item_id,
  'missing_rate' as category,
  cast(null as decimal(18, 4)) as claimed_amount,
  currency,
  'indeterminate' as verdict,
  not_judged_reason as reason,
  cast(null as date) as recovery_deadline
from {{ ref('ledger__open_items') }}
where
  not_judged_reason in ('missing_rate', 'rate_card_overlap')
  and status in ('approved', 'submitted')
