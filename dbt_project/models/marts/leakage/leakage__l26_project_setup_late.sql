with parked as (
  select
    item.engagement_id,
    item.currency,
    sum(item.open_amount) as amount
  from {{ ref('ledger__items') }} as item
  inner join {{ ref('ledger__time_values') }} as valued on item.item_id = valued.time_entry_id
  where valued.is_parked
  group by item.engagement_id, item.currency
),

found as (
  select
    setup.engagement_id as subject_key,
    'control_gap' as verdict,
    'engagement' as subject_type,
    engagement.source_system as subject_system,
    engagement.source_id as subject_source_id,
    setup.engagement_id as subject_id,
    setup.engagement_id,
    setup.customer_id,
    setup.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    engagement.currency,
    coalesce(parked.amount, 0) as exposed_amount,
    case
      when setup.ready_date is null then 'Set up ' || coalesce(engagement.name, engagement.source_id) || ', won '
      else 'Set up the next project faster than ' || coalesce(engagement.name, engagement.source_id) || ', won '
    end
    || {{ said('setup.won_date') }} || ': ' || {{ said('setup.setup_business_days') }} || ' business days'
    || case when setup.ready_date is null then ' and still not ready' else '' end || '; '
    || {{ shown('coalesce(parked.amount, 0)', "coalesce(engagement.currency, '')") }}
    || ' of its hours lie on other projects.' as action,
    case when setup.ready_date is null then 'not_ready' else 'ready_late' end as reason,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id']
    ]) }} as evidence,
    setup.setup_due_date as expected_date,
    setup.won_date as occurred_date,
    {{ dbt.datediff('setup.setup_due_date', 'coalesce(setup.ready_date, ' ~ as_of_date() ~ ')', 'day') }} as days_past
  from {{ ref('ledger__project_setup') }} as setup
  inner join {{ ref('engagement') }} as engagement on setup.engagement_id = engagement.engagement_id
  left join parked on setup.engagement_id = parked.engagement_id and engagement.currency = parked.currency
  where setup.is_late
)

{{ detector_findings('project_setup_late', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'customer_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount', 'action', 'reason',
  'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
