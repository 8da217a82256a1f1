with collected as (
  select
    recovery_id,
    sum(collected_amount) as collected_amount,
    max(payment_date) as collected_date
  from {{ ref('leakage__collections') }}
  group by recovery_id
)

select
  share.recovery_id,
  share.finding_id,
  state.detector_id,
  state.category,
  state.owner,
  state.found_date,
  share.settlement_type,
  share.invoice_id,
  share.invoice_line_id,
  share.payment_id,
  share.settled_date as posted_date,
  share.amount,
  cast(coalesce(collected.collected_amount, 0) as decimal(18, 4)) as collected_amount,
  collected.collected_date,
  share.currency,
  state.is_counted
from {{ ref('leakage__recovery_shares') }} as share
inner join {{ ref('leakage__finding_states') }} as state on share.finding_id = state.finding_id
left join collected on share.recovery_id = collected.recovery_id
