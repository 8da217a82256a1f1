-- Work in progress that was posted and has been invoiced in full must be gone from the ledger: item by item, and what names no
-- item once nothing of its contract line is left to invoice. What is left and what was reversed too much are never netted.
with open_lines as (
  select
    contract_line_id,
    max(case when gate = 'billed' and open_amount <= 0.01 then 1 else 0 end) as has_billed,
    max(
      case when status in ('approved', 'submitted') and verdict <> 'not_leakage' and open_amount > 0.01 then 1 else 0 end
    ) as has_open
  from {{ ref('ledger__items') }}
  where contract_line_id is not null
  group by contract_line_id
),

balances as (
  select
    posting.contract_line_id,
    posting.book,
    posting.currency,
    posting.item_id,
    sum(posting.amount) as amount,
    max(posting.posted_date) as last_date
  from {{ ref('wip_posting') }} as posting
  left join {{ ref('ledger__items') }} as item on posting.item_id = item.item_id
  left join open_lines on posting.contract_line_id = open_lines.contract_line_id
  where
    not posting.is_deleted
    and posting.posted_date <= {{ as_of_date() }}
    and (
      (item.gate = 'billed' and item.open_amount <= 0.01)
      or (posting.item_id is null and open_lines.has_billed = 1 and open_lines.has_open = 0)
    )
  group by posting.contract_line_id, posting.book, posting.currency, posting.item_id
),

wip as (
  select
    contract_line_id,
    book,
    currency,
    sum(greatest(0, amount)) as left_amount,
    sum(greatest(0, -amount)) as excess_amount,
    max(last_date) as last_date
  from balances
  where abs(amount) > 0.01
  group by contract_line_id, book, currency
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
    wip.left_amount + wip.excess_amount as exposed_amount,
    case
      when wip.left_amount > 0
        then 'Reverse ' || {{ shown('wip.left_amount', 'wip.currency') }} || ' of work in progress of '
          || coalesce(line.name, line.source_id) || ': it has been invoiced.'
      else ''
    end
    || case when wip.left_amount > 0 and wip.excess_amount > 0 then ' ' else '' end
    || case
      when wip.excess_amount > 0
        then 'Take back ' || {{ shown('wip.excess_amount', 'wip.currency') }} || ' of the reversals of work in progress of '
          || coalesce(line.name, line.source_id) || ': more was reversed than posted.'
      else ''
    end as action,
    case when wip.left_amount > 0 then 'not_reversed' else 'reversed_too_much' end as reason,
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
)

{{ detector_findings('wip_not_reversed', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
