-- (Step 1/2) What of each billed entry was collected: the paid share of the invoices that bill it.
with collected as (
  select
    allocation.item_id,
    sum(
      {{ money(quotient(
        'cast(allocation.contract_amount as decimal(20, 4))'
        ~ ' * cast(receivable.paid_amount + receivable.withheld_amount as decimal(18, 4))',
        'nullif(receivable.gross_amount, 0)'
      )) }}
    ) as collected_amount
  from {{ ref('ledger__billing_allocations') }} as allocation
  inner join {{ ref('ledger__receivables') }} as receivable on allocation.invoice_id = receivable.invoice_id
  where allocation.treatment = 'billing'
  group by allocation.item_id
),

not_entitled as (
  select distinct item_id
  from {{ ref('ledger__item_claims') }}
  where category = 'not_entitled'
),

-- (Step 2/2) Hours that are billed by the hour, at the agreed rate before any discount.
work as (
  select
    engagement.legal_entity_id,
    cast({{ dbt.date_trunc('month', 'item.service_date') }} as date) as work_month,
    item.currency,
    item.quantity as worked_hours,
    item.billed_quantity as billed_hours,
    case when valued.list_amount is not null then item.billed_amount end as billed_amount,
    valued.list_amount,
    case
      when item.quantity > 0
        then {{ money(quotient('cast(valued.list_amount as decimal(20, 4)) * item.billed_quantity', 'item.quantity')) }}
    end as billed_list_amount,
    item.concession_amount,
    case when valued.list_amount is not null then coalesce(collected.collected_amount, 0) end as collected_amount
  from {{ ref('ledger__items') }} as item
  inner join {{ ref('ledger__time_values') }} as valued on item.item_id = valued.time_entry_id
  left join {{ ref('engagement') }} as engagement on item.engagement_id = engagement.engagement_id
  left join collected on item.item_id = collected.item_id
  left join not_entitled on item.item_id = not_entitled.item_id
  where item.item_type = 'time_entry' and item.status = 'approved' and not_entitled.item_id is null
)

select
  {{ dbt.hash(
    "coalesce(work.legal_entity_id, 'none') || '|' || cast(work.work_month as " ~ dbt.type_string() ~ ") || '|' || work.currency"
  ) }} as realisation_id,
  {{ as_of_date() }} as as_of_date,
  work.legal_entity_id,
  coalesce(legal_entity.name, 'unknown legal entity') as legal_entity_name,
  work.work_month,
  cast(sum(work.worked_hours) as decimal(18, 4)) as worked_hours,
  cast(sum(case when work.list_amount is null then work.worked_hours end) as decimal(18, 4)) as unpriced_hours,
  cast(sum(work.billed_hours) as decimal(18, 4)) as billed_hours,
  cast(sum(work.list_amount) as decimal(18, 4)) as list_amount,
  cast(sum(work.billed_list_amount) as decimal(18, 4)) as billed_list_amount,
  cast(sum(work.billed_amount) as decimal(18, 4)) as billed_amount,
  cast(sum(work.collected_amount) as decimal(18, 4)) as collected_amount,
  cast(sum(work.concession_amount) as decimal(18, 4)) as concession_amount,
  {{ percentage('sum(work.billed_hours)', 'sum(work.worked_hours)') }} as billing_realisation_hours_pct,
  {{ percentage('sum(work.billed_amount)', 'sum(work.list_amount)') }} as billing_realisation_value_pct,
  {{ percentage('sum(work.billed_amount)', 'sum(work.billed_list_amount)') }} as rate_realisation_pct,
  {{ percentage('sum(work.collected_amount)', 'sum(work.billed_amount)') }} as collection_realisation_pct,
  {{ percentage('sum(work.collected_amount)', 'sum(work.list_amount)') }} as effective_realisation_pct,
  {{ percentage('sum(work.concession_amount)', 'sum(work.list_amount)') }} as write_off_pct,
  work.currency
from work
left join {{ ref('legal_entity') }} as legal_entity on work.legal_entity_id = legal_entity.legal_entity_id
group by work.legal_entity_id, legal_entity.name, work.work_month, work.currency
