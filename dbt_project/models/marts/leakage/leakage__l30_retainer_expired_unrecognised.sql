-- Prepaid hours that lapsed, are not paid back, and were not recognised as revenue either.
with drawn as (
  select
    retainer_id,
    sum(hours) as hours
  from {{ ref('ledger__retainer_draws') }}
  group by retainer_id
),

expired as (
  select
    retainer.*,
    retainer.hours - coalesce(drawn.hours, 0) as lapsed_hours,
    {{ money(quotient(
      'cast(retainer.amount as decimal(20, 4)) * (retainer.hours - coalesce(drawn.hours, 0))', 'nullif(retainer.hours, 0)'
    )) }} as lapsed_amount
  from {{ ref('retainer') }} as retainer
  left join drawn on retainer.retainer_id = drawn.retainer_id
  where not retainer.is_deleted and not retainer.is_refundable and retainer.expiry_date < {{ as_of_date() }}
),

-- What all purchases of the line have earned: the hours used, and all of those that lapsed and are not paid back.
earned as (
  select
    retainer.contract_line_id,
    sum(
      case
        when retainer.expiry_date < {{ as_of_date() }} and not retainer.is_refundable then retainer.amount
        else coalesce({{ money(quotient(
          'cast(retainer.amount as decimal(20, 4)) * coalesce(drawn.hours, 0)', 'nullif(retainer.hours, 0)'
        )) }}, 0)
      end
    ) as amount
  from {{ ref('retainer') }} as retainer
  left join drawn on retainer.retainer_id = drawn.retainer_id
  where not retainer.is_deleted
  group by retainer.contract_line_id
),

booked as (
  select
    contract_line_id,
    book,
    sum(recognised_amount) as amount
  from {{ ref('revenue_schedule') }}
  where not is_deleted and posted_date <= {{ as_of_date() }}
  group by contract_line_id, book
),

-- Without any recognised revenue of the line nobody knows what the books say; of several books the one that lacks most counts.
unrecognised as (
  select
    earned.contract_line_id,
    max(earned.amount - booked.amount) as amount
  from earned
  inner join booked on earned.contract_line_id = booked.contract_line_id
  group by earned.contract_line_id
),

-- What is missing is missing of the hours that lapsed last.
missing as (
  select
    expired.*,
    greatest(0, least(
      expired.lapsed_amount,
      unrecognised.amount - coalesce(
        sum(expired.lapsed_amount) over (
          partition by expired.contract_line_id
          order by expired.expiry_date desc nulls last, expired.retainer_id asc nulls last
          rows between unbounded preceding and 1 preceding
        ),
        0
      )
    )) as missing_amount
  from expired
  inner join unrecognised on expired.contract_line_id = unrecognised.contract_line_id
),

found as (
  select
    expired.retainer_id as subject_key,
    'compliance' as verdict,
    'retainer' as subject_type,
    expired.source_system as subject_system,
    expired.source_id as subject_source_id,
    expired.retainer_id as subject_id,
    expired.engagement_id,
    expired.contract_line_id,
    expired.customer_id,
    cast(0 as decimal(18, 4)) as amount,
    expired.currency,
    expired.missing_amount as exposed_amount,
    'Recognise ' || {{ shown('expired.missing_amount', 'expired.currency') }}
    || ' of ' || {{ said('cast(expired.lapsed_hours as decimal(9, 2))') }} || ' prepaid hours that lapsed on '
    || {{ said('expired.expiry_date') }} || '.' as action,
    'breakage' as reason,
    {{ evidence([
      ['contract_line', 'line.source_system', 'line.source_id'],
      ['retainer', 'expired.source_system', 'expired.source_id']
    ]) }} as evidence,
    expired.expiry_date as expected_date,
    expired.expiry_date as occurred_date,
    {{ dbt.datediff('expired.expiry_date', as_of_date(), 'day') }} as days_past
  from missing as expired
  left join {{ ref('contract_line') }} as line on expired.contract_line_id = line.contract_line_id
  where expired.missing_amount > 0
)

{{ detector_findings('retainer_expired_unrecognised', ['subject_type', 'subject_system', 'subject_source_id',
  'subject_id', 'engagement_id', 'contract_line_id', 'customer_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
