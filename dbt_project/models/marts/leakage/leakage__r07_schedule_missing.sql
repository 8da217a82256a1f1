-- A line with a policy and no schedule, a schedule and no policy, or a plan that does not add up to the price.
with plans as (
  select
    contract_line_id,
    book,
    sum(planned_amount) as planned_amount,
    sum(case when planned_amount is null then 1 else 0 end) as unplanned_count,
    min(period_start_date) as first_period_date,
    max(period_start_date) as last_period_date
  from {{ ref('revenue_schedule') }}
  where not is_deleted
  group by contract_line_id, book
),

first_work as (
  select
    contract_line_id,
    min(service_date) as first_service_date
  from {{ ref('ledger__billable_items') }}
  where contract_line_id is not null
  group by contract_line_id
),

judged as (
  select
    line.contract_line_id,
    coalesce(line.start_date, plans.first_period_date, first_work.first_service_date) as started_date,
    coalesce(plans.book, 'primary') as book,
    plans.planned_amount,
    price.price_amount,
    price.original_amount,
    plans.last_period_date,
    case
      when plans.contract_line_id is null then 'no_schedule'
      when line.revrec_method is null then 'no_policy'
      else 'total_differs'
    end as reason
  from {{ ref('contract_line') }} as line
  left join plans on line.contract_line_id = plans.contract_line_id
  left join first_work on line.contract_line_id = first_work.contract_line_id
  left join {{ ref('ledger__prices') }} as price on line.contract_line_id = price.contract_line_id
  left join {{ ref('ledger__contract_line_policies') }} as policies on line.contract_line_id = policies.contract_line_id
  where
    not line.is_deleted
    -- A line that does not say when it starts has started once it has a schedule or work.
    and coalesce(line.start_date, plans.first_period_date, first_work.first_service_date) <= {{ as_of_date() }}
    and (
      (line.revrec_method is not null and plans.contract_line_id is null)
      or (line.revrec_method is null and plans.contract_line_id is not null)
      or (
        plans.unplanned_count = 0
        and abs(plans.planned_amount - price.price_amount) > policies.revrec_tolerance_amount
        -- The plan still has the price before the change orders: that is another finding.
        and abs(plans.planned_amount - price.original_amount) > policies.revrec_tolerance_amount
        -- Where revenue follows what was done, months to come are often planned when they come: less than the price is wrong
        -- only once the plan reaches the line's end.
        and (
          plans.planned_amount > price.price_amount
          or line.revrec_method not in ('as_invoiced', 'cost_to_cost', 'labour_hours')
          or plans.last_period_date >= cast({{ dbt.date_trunc('month', 'line.end_date') }} as date)
        )
      )
    )
),

found as (
  select
    line.contract_line_id || '|' || judged.book as subject_key,
    'compliance' as verdict,
    'contract_line' as subject_type,
    line.source_system as subject_system,
    line.source_id as subject_source_id,
    line.contract_line_id as subject_id,
    line.engagement_id,
    line.contract_line_id,
    line.customer_id,
    line.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    line.currency,
    coalesce(abs(judged.planned_amount - judged.price_amount), judged.price_amount, judged.planned_amount) as exposed_amount,
    case judged.reason
      when 'no_schedule' then 'Create the revenue schedule of '
      when 'no_policy' then 'Decide how revenue of this line is recognised: '
      else 'Make the revenue schedule add up to the price: '
    end || coalesce(line.name, line.source_id) || '.' as action,
    judged.reason,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id'],
      ['contract_line', 'line.source_system', 'line.source_id']
    ]) }} as evidence,
    coalesce(judged.last_period_date, judged.started_date) as expected_date,
    judged.started_date as occurred_date,
    cast(0 as int) as days_past
  from judged
  inner join {{ ref('contract_line') }} as line on judged.contract_line_id = line.contract_line_id
  left join {{ ref('engagement') }} as engagement on line.engagement_id = engagement.engagement_id
)

{{ detector_findings('schedule_missing', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
