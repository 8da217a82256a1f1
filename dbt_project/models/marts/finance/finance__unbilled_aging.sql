with unbilled as (
  select
    claim.contract_line_id,
    claim.customer_id,
    claim.engagement_id,
    claim.category,
    claim.verdict,
    claim.amount,
    claim.currency,
    item.quantity,
    item.entitled_amount,
    greatest(coalesce(claim.days_past, 0), 0) as days_past,
    coalesce({{ dbt.datediff('item.service_date', as_of_date(), 'day') }}, 0) as work_age_days
  from {{ ref('ledger__item_claims') }} as claim
  inner join {{ ref('ledger__items') }} as item on claim.item_id = item.item_id
  where
    claim.item_type = 'time_entry'
    and claim.amount > 0
    and item.status = 'approved'
    and claim.category in (
      'not_yet_due', 'unbilled_approved_time', 'phantom_billed', 'billing_hold', 'billing_hold_stale', 'credit_not_rebilled',
      'closed_project_wip', 'change_order_gap', 'retainer_overage_unbilled', 'dispute_open'
    )
),

bucketed as (
  select
    unbilled.*,
    case when unbilled.verdict = 'not_yet_due' then 'not yet due' else due.bucket end as overdue_bucket,
    worked.bucket as work_age_bucket,
    -- The hours that stand behind the open part of an entry's value.
    cast(
      round({{ quotient('cast(unbilled.quantity as decimal(20, 4)) * unbilled.amount', 'unbilled.entitled_amount') }}, 4)
      as decimal(18, 4)
    ) as open_hours
  from unbilled
  left join {{ ref('loss_probability') }} as due on unbilled.days_past between due.days_from and due.days_to
  left join {{ ref('loss_probability') }} as worked
    on greatest(unbilled.work_age_days, 0) between worked.days_from and worked.days_to
)

select
  {{ dbt.hash(
    "coalesce(bucketed.contract_line_id, 'none') || '|' || "
    ~ "coalesce(bucketed.customer_id, 'none') || '|' || bucketed.currency || '|' || "
    ~ "bucketed.category || '|' || bucketed.verdict || '|' || bucketed.overdue_bucket || '|' || "
    ~ "bucketed.work_age_bucket"
  ) }} as unbilled_aging_id,
  {{ as_of_date() }} as as_of_date,
  line.legal_entity_id,
  bucketed.customer_id,
  coalesce(customer.name, 'unknown customer') as customer_name,
  bucketed.contract_line_id,
  coalesce(line.name, 'no contract line') as contract_line_name,
  bucketed.category,
  bucketed.verdict,
  bucketed.overdue_bucket,
  bucketed.work_age_bucket,
  cast(count(*) as int) as entry_count,
  cast(sum(bucketed.open_hours) as decimal(18, 4)) as unbilled_hours,
  cast(sum(bucketed.amount) as decimal(18, 4)) as unbilled_amount,
  bucketed.currency
from bucketed
left join {{ ref('contract_line') }} as line on bucketed.contract_line_id = line.contract_line_id
left join {{ ref('customer') }} as customer on bucketed.customer_id = customer.customer_id
group by
  line.legal_entity_id, bucketed.customer_id, customer.name, bucketed.contract_line_id, line.name, bucketed.category,
  bucketed.verdict, bucketed.overdue_bucket, bucketed.work_age_bucket, bucketed.currency
