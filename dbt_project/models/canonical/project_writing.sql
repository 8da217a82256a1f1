-- What systems write to say which project they mean: an id of the delivery system, a code, or a text. Who is billed, and
-- when, is known of it only where it stands on invoice lines.
with mentions as (
  select
    line.source_domain,
    line.source_system,
    line.project_ref,
    customer.customer_id,
    coalesce(line.service_from_date, invoice.issue_date) as from_date,
    coalesce(line.service_to_date, invoice.issue_date) as to_date
  from ({{ union_mapped('invoice_line') }}) as line
  left join ({{ union_mapped('invoice') }}) as invoice
    on line.source_system = invoice.source_system and line.invoice_source_id = invoice.source_id
  left join {{ ref('customer_xref') }} as customer
    on invoice.source_system = customer.source_system and invoice.customer_source_id = customer.source_id

  {% for entity, from_date, to_date in [
    ('project_cost', 'posted_date', 'posted_date'), ('expense_item', 'expense_date', 'expense_date'),
    ('supplier_cost', 'service_from_date', 'service_to_date')] %}
  union all

  select
    source_domain,
    source_system,
    project_ref,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    {{ from_date }} as from_date,
    {{ to_date }} as to_date
  from ({{ union_mapped(entity) }}) as source
  {% endfor %}
)

select
  {{ entity_id('source_system', 'project_ref') }} as project_writing_id,
  min(source_domain) as source_domain,
  source_system,
  project_ref,
  case when min(customer_id) = max(customer_id) then min(customer_id) end as customer_id,
  min(from_date) as from_date,
  max(to_date) as to_date
from mentions
where project_ref is not null
group by source_system, project_ref
