-- Work in progress that was posted and has been invoiced in full must be gone from the ledger.
with wip as (
  select
    posting.contract_line_id,
    posting.book,
    posting.currency,
    sum(posting.amount) as amount,
    max(posting.posted_date) as last_date
  from {{ ref('wip_posting') }} as posting
  inner join {{ ref('ledger__items') }} as item on posting.item_id = item.item_id
  where
    not posting.is_deleted
    and posting.posted_date <= {{ as_of_date() }}
    and item.gate = 'billed'
    and item.open_amount <= 0.01
  group by posting.contract_line_id, posting.book, posting.currency
),

found as (
  select
    line.contract_line_id || '|' || wip.book || '|' || wip.currency as subject_key,
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
    wip.currency,
    abs(wip.amount) as exposed_amount,
    'Reverse ' || {{ shown('wip.amount', 'wip.currency') }} || ' of work in progress of '
    || coalesce(line.name, line.source_id) || ': it has been invoiced.' as action,
    'not_reversed' as reason,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id'],
      ['contract_line', 'line.source_system', 'line.source_id']
    ]) }} as evidence,
    wip.last_date as expected_date,
    wip.last_date as occurred_date,
    cast(0 as int) as days_past
  from wip
  inner join {{ ref('contract_line') }} as line on wip.contract_line_id = line.contract_line_id
  left join {{ ref('engagement') }} as engagement on line.engagement_id = engagement.engagement_id
  where abs(wip.amount) > 0.01
)

{{ detector_findings('wip_not_reversed', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
