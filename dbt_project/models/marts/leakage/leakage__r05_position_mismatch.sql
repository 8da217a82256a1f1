-- Contract asset, unbilled receivable and contract liability in the books against what the lines of the engagement have
-- recognised and billed, netted per engagement (ASC 606-10-45-1 to -4).
with positions as (
  select
    engagement_id,
    book,
    currency,
    period_end_date,
    sum(recognised_to_date_amount - billed_to_date_amount) as expected_amount,
    sum(case when recognised_to_date_amount is null or billed_to_date_amount is null then 1 else 0 end) as unknown_count
  from {{ ref('ledger__revenue') }}
  group by engagement_id, book, currency, period_end_date
),

compared as (
  select
    balance.engagement_id,
    balance.book,
    balance.currency,
    positions.period_end_date,
    balance.contract_asset_amount,
    balance.unbilled_receivable_amount,
    balance.contract_liability_amount,
    positions.expected_amount,
    row_number() over (
      partition by balance.engagement_id, balance.book, balance.currency order by positions.period_end_date desc nulls last
    ) as newest_rank
  from {{ ref('contract_balance') }} as balance
  inner join positions
    on
      balance.engagement_id = positions.engagement_id
      and balance.book = positions.book
      and balance.currency = positions.currency
      and balance.period_start_date = cast({{ dbt.date_trunc('month', 'positions.period_end_date') }} as date)
  where not balance.is_deleted and positions.unknown_count = 0
),

found as (
  select
    engagement.engagement_id || '|' || compared.book || '|' || compared.currency as subject_key,
    'compliance' as verdict,
    'engagement' as subject_type,
    engagement.source_system as subject_system,
    engagement.source_id as subject_source_id,
    engagement.engagement_id as subject_id,
    engagement.engagement_id,
    engagement.customer_id,
    engagement.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    compared.currency,
    abs(
      compared.contract_asset_amount + compared.unbilled_receivable_amount - compared.contract_liability_amount
      - compared.expected_amount
    ) as exposed_amount,
    'Correct the position of ' || coalesce(engagement.name, engagement.source_id) || ' at '
    || {{ said('compared.period_end_date') }}
    || ': the books net to '
    || {{ shown(
      'compared.contract_asset_amount + compared.unbilled_receivable_amount - compared.contract_liability_amount',
      'compared.currency'
    ) }}
    || ', recognised less billed is ' || {{ shown('compared.expected_amount', 'compared.currency') }} || '.' as action,
    case when compared.expected_amount < 0 then 'contract_liability' else 'contract_asset' end as reason,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id']
    ]) }} as evidence,
    compared.period_end_date as expected_date,
    compared.period_end_date as occurred_date,
    cast(0 as int) as days_past
  from compared
  inner join {{ ref('engagement') }} as engagement on compared.engagement_id = engagement.engagement_id
  where
    compared.newest_rank = 1
    and abs(
      compared.contract_asset_amount + compared.unbilled_receivable_amount - compared.contract_liability_amount
      - compared.expected_amount
    ) > {{ global_policy('revrec_tolerance_amount') }}
)

{{ detector_findings('position_mismatch', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'customer_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount', 'action', 'reason',
  'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
