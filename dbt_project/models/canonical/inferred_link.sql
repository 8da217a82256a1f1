-- Links that no system states: what a record's money rests on, where a rule inferred it.
with links as (
  select expense.expense_item_id as subject_id, 'project' as link_type, xref.source_project_id as inferred_for,
    xref.match_method, xref.confidence, xref.matched_on, xref.source_system, xref.source_id, xref.project_id as target_id
  from {{ ref('expense_item') }} as expense
  inner join {{ ref('project_xref') }} as xref
    on expense.source_system = xref.source_system and expense.project_code = xref.source_id

  union all

  select cost.supplier_cost_id as subject_id, 'project' as link_type, xref.source_project_id as inferred_for,
    xref.match_method, xref.confidence, xref.matched_on, xref.source_system, xref.source_id, xref.project_id as target_id
  from {{ ref('supplier_cost') }} as cost
  inner join {{ ref('project_xref') }} as xref
    on cost.source_system = xref.source_system and cost.project_code = xref.source_id

  union all

  -- Cost that the ledger posts to a project decides how much of its contract line is earned.
  select distinct cost.contract_line_id as subject_id, 'project' as link_type, xref.source_project_id as inferred_for,
    xref.match_method, xref.confidence, xref.matched_on, xref.source_system, xref.source_id, xref.project_id as target_id
  from {{ ref('project_cost') }} as cost
  inner join {{ ref('project_xref') }} as xref
    on cost.source_system = xref.source_system and cost.project_ref = xref.source_id
  where cost.contract_line_id is not null

  union all

  select entry.time_entry_id as subject_id, 'person' as link_type, xref.source_resource_id as inferred_for,
    xref.match_method, xref.confidence, xref.matched_on, xref.source_system, xref.source_id, xref.resource_id as target_id
  from {{ ref('time_entry') }} as entry
  inner join {{ ref('resource_xref') }} as xref
    on entry.source_system = xref.source_system and entry.resource_id = xref.resource_id and xref.identifier_type = 'record'

  union all

  select invoice.invoice_id as subject_id, 'customer' as link_type, xref.source_customer_id as inferred_for,
    xref.match_method, xref.confidence, xref.matched_on, xref.source_system, xref.source_id, xref.customer_id as target_id
  from {{ ref('invoice') }} as invoice
  inner join {{ ref('customer_xref') }} as xref
    on invoice.source_system = xref.source_system and invoice.customer_id = xref.customer_id
)

select
  subject_id || ' > ' || inferred_for as inferred_link_id,
  subject_id,
  link_type,
  match_method,
  confidence,
  matched_on,
  source_system,
  source_id,
  target_id
from links
where confidence in ('medium', 'low')
