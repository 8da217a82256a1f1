-- (Step 1/3) Milestones, by customer share.
with milestones as (
  select
    'milestone' as item_type,
    milestone.milestone_id as item_id,
    milestone.source_system,
    milestone.source_id,
    milestone.engagement_id,
    milestone.contract_line_id,
    milestone.customer_id,
    milestone.project_id,
    coalesce(line.currency, milestone.currency) as currency,
    coalesce({{ milestone_accepted_date('milestone') }}, milestone.due_date) as service_date,
    {{ milestone_accepted_date('milestone') }} as accepted_date,
    milestone.amount as value_amount,
    case
      when line.billing_method = 'non_billable' then 'non_billable'
      when line.is_no_charge then 'no_charge'
    end as not_entitled_reason,
    case
      when line.contract_line_id is null or line.is_deleted then 'no_contract_line'
      when milestone.currency <> line.currency then 'milestone_currency_differs'
    end as not_judged_reason
  from {{ ref('milestone') }} as milestone
  left join {{ ref('contract_line') }} as line on milestone.contract_line_id = line.contract_line_id
  where not milestone.is_deleted and (milestone.amount is null or milestone.amount <> 0)
),

-- (Step 2/3) Progress: what each report adds to the highest completion before it; what is not accepted yet comes last.
dated_reports as (
  select
    report.*,
    {{ come_by_as_of('report.accepted_date') }} as known_accepted_date
  from {{ ref('progress_report') }} as report
  where not report.is_deleted and report.reported_date <= {{ as_of_date() }}
),

reports as (
  select
    report.*,
    coalesce(
      max(report.completed_pct) over (
        partition by report.contract_line_id
        order by
          report.known_accepted_date asc nulls last,
          report.completed_pct asc nulls last,
          report.progress_report_id asc nulls last
        rows between unbounded preceding and 1 preceding
      ),
      0
    ) as completed_before_pct
  from dated_reports as report
),

progress as (
  select
    'progress' as item_type,
    report.progress_report_id as item_id,
    report.source_system,
    report.source_id,
    report.engagement_id,
    report.contract_line_id,
    report.customer_id,
    report.project_id,
    line.currency,
    coalesce(report.known_accepted_date, report.reported_date) as service_date,
    report.known_accepted_date as accepted_date,
    -- Cumulative, so that the parts of a price add up to it whatever their percentages.
    {{ money(percent_of('cast(prices.price_amount as decimal(19, 4))', 'report.completed_pct')) }}
    - {{ money(percent_of('cast(prices.price_amount as decimal(19, 4))', 'report.completed_before_pct')) }} as value_amount,
    case
      when line.billing_method = 'non_billable' then 'non_billable'
      when line.is_no_charge then 'no_charge'
      when line.billing_method <> 'fixed_progress' then 'billed_otherwise'
    end as not_entitled_reason,
    case
      when line.contract_line_id is null or line.is_deleted then 'no_contract_line'
      when prices.has_foreign_change then 'change_order_currency_differs'
      when prices.price_amount is null then 'no_contract_amount'
    end as not_judged_reason
  from reports as report
  left join {{ ref('contract_line') }} as line on report.contract_line_id = line.contract_line_id
  left join {{ ref('ledger__prices') }} as prices on report.contract_line_id = prices.contract_line_id
  where coalesce(report.completed_pct > report.completed_before_pct, true)
),

-- (Step 3/3) Minimum commitments: what a closed period lacks of what the customer promised to buy.
commitments as (
  select
    'commitment' as item_type,
    commitment.commitment_id as item_id,
    line.source_system,
    line.source_id,
    commitment.engagement_id,
    commitment.contract_line_id,
    line.customer_id,
    cast(null as {{ dbt.type_string() }}) as project_id,
    commitment.currency,
    commitment.period_end_date as service_date,
    commitment.period_end_date as accepted_date,
    commitment.shortfall_amount as value_amount,
    cast(null as {{ dbt.type_string() }}) as not_entitled_reason,
    case when commitment.shortfall_amount is null then 'unpriced_fees' end as not_judged_reason
  from {{ ref('ledger__commitments') }} as commitment
  inner join {{ ref('contract_line') }} as line on commitment.contract_line_id = line.contract_line_id
  where coalesce(commitment.shortfall_amount > 0, true)
)

select * from milestones
union all
select * from progress
union all
select * from commitments
