with invoice_lines as (
  select
    item_id,
    {{ dbt.listagg("invoice_line_id", "', '", "order by invoice_line_id asc nulls last") }} as invoice_line_ids,
    cast(sum(contract_amount) as decimal(18, 4)) as allocated_amount,
    cast(sum(quantity) as decimal(9, 4)) as allocated_quantity
  from {{ ref('ledger__billing_allocations') }}
  group by item_id
)

select
  item.item_id,
  item.item_type,
  item.source_system,
  item.source_id,
  item.engagement_id,
  item.contract_line_id,
  item.customer_id,
  item.project_id,
  item.service_date,
  item.days_past,
  item.expected_invoice_date,
  item.quantity,
  item.unit_rate,
  item.entitled_amount,
  item.billed_amount,
  item.billed_quantity,
  item.currency,
  item.carry_rate,
  engagement.legal_entity_id,
  coalesce(customer.name, 'unknown customer') as customer_name,
  coalesce(line.name, 'no contract line') as contract_line_name,
  coalesce(project.name, 'no project') as project_name,
  coalesce(resource.name, 'unknown person') as resource_name,
  entry.role,
  coalesce(entry.approver, 'the approver') as approver,
  policies.materiality,
  policies.severity_medium,
  policies.severity_high,
  policies.severity_high_probability,
  invoice_lines.invoice_line_ids,
  {{ evidence([
    ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
    ['contract', 'engagement.source_system', 'engagement.source_id'],
    ['contract_line', 'line.source_system', 'line.source_id'],
    ['rate_card', 'card.source_system', 'card.source_id'],
    ['rate_card_line', 'card_line.source_system', 'card_line.source_id'],
    ['project', 'project.source_system', 'project.source_id'],
    ['item.item_type', 'item.source_system', 'item.source_id']
  ]) }} as evidence
from {{ ref('ledger__items') }} as item
left join {{ ref('engagement') }} as engagement on item.engagement_id = engagement.engagement_id
left join {{ ref('contract_line') }} as line on item.contract_line_id = line.contract_line_id
left join {{ ref('customer') }} as customer on item.customer_id = customer.customer_id
left join {{ ref('project') }} as project on item.project_id = project.project_id
left join {{ ref('resource') }} as resource on item.resource_id = resource.resource_id
left join {{ ref('time_entry') }} as entry on item.item_id = entry.time_entry_id
left join {{ ref('rate_card_line') }} as card_line on item.rate_card_line_id = card_line.rate_card_line_id
left join {{ ref('rate_card') }} as card on card_line.rate_card_id = card.rate_card_id
left join {{ ref('ledger__contract_line_policies') }} as policies on item.contract_line_id = policies.contract_line_id
left join invoice_lines on item.item_id = invoice_lines.item_id
