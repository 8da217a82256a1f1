-- Items whose first posted invoice came after the day it was expected; one finding per invoice.
with first_billed as (
  select
    allocation.item_id,
    allocation.invoice_id,
    allocation.posted_date,
    allocation.amount,
    allocation.currency,
    row_number() over (
      partition by allocation.item_id
      order by allocation.posted_date asc nulls last, allocation.allocation_id asc nulls last
    ) as billing_rank
  from {{ ref('ledger__billing_allocations') }} as allocation
  where allocation.treatment = 'billing' and allocation.amount > 0
),

late_items as (
  select
    first_billed.invoice_id,
    item.item_id,
    item.engagement_id,
    item.contract_line_id,
    item.project_id,
    item.expected_invoice_date,
    first_billed.amount,
    {{ dbt.datediff('item.expected_invoice_date', 'first_billed.posted_date', 'day') }} as days_late,
    item.carry_rate
  from first_billed
  inner join {{ ref('ledger__items') }} as item on first_billed.item_id = item.item_id
  where
    first_billed.billing_rank = 1
    and first_billed.posted_date > item.expected_invoice_date
    -- Costs that are passed on late are a finding of their own.
    and item.item_type not in ('expense_item', 'supplier_cost')
),

late_invoices as (
  select
    invoice_id,
    min(engagement_id) as engagement_id,
    min(contract_line_id) as contract_line_id,
    min(project_id) as project_id,
    min(expected_invoice_date) as expected_invoice_date,
    max(days_late) as days_late,
    cast(sum(amount) as decimal(18, 4)) as late_amount,
    {{ money(quotient(
      'sum(cast(amount as decimal(20, 4)) * cast(carry_rate as decimal(9, 6)) * days_late)', '36500'
    )) }} as carry_cost_amount
  from late_items
  group by invoice_id
)

select
  {{ dbt.hash("detector.detector_id || '|' || late.invoice_id") }} as finding_id,
  detector.detector_id,
  detector.category,
  'timing_delay' as verdict,
  'invoice' as subject_type,
  invoice.source_system as subject_system,
  invoice.source_id as subject_source_id,
  late.invoice_id as subject_id,
  late.engagement_id,
  late.contract_line_id,
  invoice.customer_id,
  late.project_id,
  invoice.legal_entity_id,
  coalesce(customer.name, 'unknown customer') as customer_name,
  coalesce(line.name, 'no contract line') as contract_line_name,
  coalesce(project.name, 'no project') as project_name,
  cast(0 as decimal(18, 4)) as amount,
  invoice.currency,
  late.late_amount as exposed_amount,
  late.carry_cost_amount,
  detector.owner,
  'Invoice ' || coalesce(invoice.invoice_number, invoice.source_id) || ' was posted ' || {{ said('late.days_late') }}
  || case when late.days_late = 1 then ' day after ' else ' days after ' end
  || {{ said('late.expected_invoice_date') }} || '; bring the billing run forward.' as action,
  cast(null as {{ dbt.type_string() }}) as reason,
  cast(null as {{ dbt.type_string() }}) as causes,
  {{ evidence([
    ['contract_line', 'line.source_system', 'line.source_id'],
    ['project', 'project.source_system', 'project.source_id'],
    ['invoice', 'invoice.source_system', 'invoice.source_id']
  ]) }} as evidence,
  late.expected_invoice_date as expected_date,
  invoice.posted_date as occurred_date,
  cast(late.days_late as int) as days_past,
  cast(null as date) as recovery_deadline
from late_invoices as late
inner join {{ ref('invoice') }} as invoice on late.invoice_id = invoice.invoice_id
inner join {{ ref('detectors') }} as detector on detector.category = 'invoice_delay'
left join {{ ref('customer') }} as customer on invoice.customer_id = customer.customer_id
left join {{ ref('contract_line') }} as line on late.contract_line_id = line.contract_line_id
left join {{ ref('project') }} as project on late.project_id = project.project_id
