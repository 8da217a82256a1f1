{{ config(materialized='table') }}
-- One verdict per contract line and book at the latest closed month, from the month-end positions of the ledger.
with ranked as (
  select
    revenue.*,
    earned_to_date_amount - recognised_to_date_amount as shortfall_amount,
    row_number() over (
      partition by contract_line_id, book order by period_end_date desc nulls last
    ) as latest_rank,
    max(abs(earned_to_date_amount - recognised_to_date_amount)) over (
      partition by contract_line_id, book
      order by period_end_date asc nulls last
      rows between unbounded preceding and 1 preceding
    ) as largest_earlier_difference
  from {{ ref('ledger__revenue') }} as revenue
),

judged as (
  select
    ranked.*,
    ranked.billed_to_date_amount - ranked.earned_to_date_amount as unearned_amount,
    greatest(
      {{ percent_of(
        'cast(coalesce(ranked.contract_amount, ranked.earned_to_date_amount) as decimal(19, 4))', 'policies.revrec_tolerance_pct'
      ) }},
      policies.revrec_tolerance_amount
    ) as tolerance_amount
  from ranked
  inner join {{ ref('ledger__contract_line_policies') }} as policies on ranked.contract_line_id = policies.contract_line_id
  where ranked.latest_rank = 1
)

select
  contract_line_id,
  engagement_id,
  book,
  revrec_method,
  period_end_date,
  earned_to_date_amount,
  recognised_to_date_amount,
  billed_to_date_amount,
  cast(recognised_to_date_amount - earned_to_date_amount as decimal(18, 4)) as difference_amount,
  cast(largest_earlier_difference as decimal(18, 4)) as largest_earlier_difference_amount,
  cast(tolerance_amount as decimal(18, 4)) as tolerance_amount,
  cast(
    case when unearned_amount > 0 then unearned_amount when unearned_amount is not null then 0 end
    as decimal(18, 4)
  ) as contract_liability_amount,
  cast(
    case when unearned_amount < 0 then -unearned_amount when unearned_amount is not null then 0 end
    as decimal(18, 4)
  ) as contract_asset_amount,
  currency,
  case
    when earned_to_date_amount is null or recognised_to_date_amount is null then 'not_judged'
    when
      recognised_to_date_amount - earned_to_date_amount > tolerance_amount
      and abs(recognised_to_date_amount - billed_to_date_amount) <= 0.01
      then 'revrec_billing'
    when recognised_to_date_amount - earned_to_date_amount > tolerance_amount then 'revrec_over'
    when earned_to_date_amount - recognised_to_date_amount > tolerance_amount then 'revrec_under'
    when largest_earlier_difference > tolerance_amount then 'revrec_period'
    else 'matched'
  end as position_class
from judged
