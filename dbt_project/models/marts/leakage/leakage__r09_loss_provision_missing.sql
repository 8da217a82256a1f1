-- A fixed price that will not cover its expected cost: the whole expected loss is provided for at once.
{% set open_month %}cast({{ dbt.date_trunc('month', dbt.dateadd('day', 1, as_of_date())) }} as date){% endset %}
with schedules as (
  select
    line.contract_line_id,
    line.engagement_id,
    line.currency,
    schedule.book,
    min(schedule.period_start_date) as first_period_date,
    max(schedule.period_start_date) as period_start_date
  from {{ ref('revenue_schedule') }} as schedule
  inner join {{ ref('contract_line') }} as line on schedule.contract_line_id = line.contract_line_id
  where not schedule.is_deleted and schedule.period_start_date < {{ open_month }}
  group by line.contract_line_id, line.engagement_id, line.currency, schedule.book
),

-- A line that does not say when it starts has started once it has a schedule.
started as (
  select
    contract_line_id,
    min(first_period_date) as first_period_date
  from schedules
  group by contract_line_id
),

losses as (
  select
    line.engagement_id,
    line.currency,
    sum(line.estimate_at_completion_amount - price.price_amount) as loss_amount
  from {{ ref('contract_line') }} as line
  inner join {{ ref('ledger__prices') }} as price on line.contract_line_id = price.contract_line_id
  left join started on line.contract_line_id = started.contract_line_id
  where
    not line.is_deleted
    and line.revrec_method is not null
    and coalesce(line.start_date, started.first_period_date) <= {{ as_of_date() }}
    and line.estimate_at_completion_amount > price.price_amount
  group by line.engagement_id, line.currency
),

-- The books of an engagement are those that show positions of it; where none does, those that recognise its revenue.
positions as (
  select
    engagement_id,
    book,
    currency,
    loss_provision_amount,
    period_start_date
  from {{ ref('contract_balance') }}
  where not is_deleted and period_start_date < {{ open_month }}
),

books as (
  select * from positions
  union all
  select
    schedules.engagement_id,
    schedules.book,
    schedules.currency,
    cast(null as decimal(18, 4)) as loss_provision_amount,
    max(schedules.period_start_date) as period_start_date
  from schedules
  left join positions on schedules.engagement_id = positions.engagement_id
  where positions.engagement_id is null
  group by schedules.engagement_id, schedules.book, schedules.currency
),

balances as (
  select
    books.*,
    row_number() over (
      partition by engagement_id, book, currency order by period_start_date desc nulls last
    ) as newest_rank
  from books
),

found as (
  select
    engagement.engagement_id || '|' || balances.book || '|' || losses.currency as subject_key,
    'compliance' as verdict,
    'engagement' as subject_type,
    engagement.source_system as subject_system,
    engagement.source_id as subject_source_id,
    engagement.engagement_id as subject_id,
    engagement.engagement_id,
    engagement.customer_id,
    engagement.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    losses.currency,
    losses.loss_amount - coalesce(balances.loss_provision_amount, 0) as exposed_amount,
    'Provide for ' || {{ shown('losses.loss_amount - coalesce(balances.loss_provision_amount, 0)', 'losses.currency') }}
    || ' that ' || coalesce(engagement.name, engagement.source_id) || ' is expected to lose.' as action,
    'expected_loss' as reason,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id']
    ]) }} as evidence,
    cast({{ dbt.last_day('balances.period_start_date', 'month') }} as date) as expected_date,
    cast({{ dbt.last_day('balances.period_start_date', 'month') }} as date) as occurred_date,
    cast(0 as int) as days_past
  from losses
  inner join balances on losses.engagement_id = balances.engagement_id and losses.currency = balances.currency
  inner join {{ ref('engagement') }} as engagement on losses.engagement_id = engagement.engagement_id
  where balances.newest_rank = 1 and losses.loss_amount - coalesce(balances.loss_provision_amount, 0) > 0.01
)

{{ detector_findings('loss_provision_missing', ['subject_type', 'subject_system', 'subject_source_id',
  'subject_id', 'engagement_id', 'customer_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
