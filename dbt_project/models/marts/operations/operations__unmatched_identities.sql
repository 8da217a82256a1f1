{% set systems = {} %}
{% for domain, system in enabled_systems() %}{% do systems.update({domain: system}) %}{% endfor %}
{# Within one system the CRM's customer is the billed one; elsewhere each needs its counterpart. #}
{% set crm_is_apart = 'crm' in systems and 'erp' in systems and systems['crm'] != systems['erp'] %}
with billing_customers as (
  select
    'customer' as entity_type,
    xref.source_domain,
    xref.source_system,
    xref.source_id,
    record.name,
    xref.customer_id as entity_id,
    xref.candidates,
    xref.unmatched_reason as reason
  from {{ ref('customer_xref') }} as xref
  inner join {{ ref('customer_record') }} as record on xref.source_customer_id = record.source_customer_id
  where xref.unmatched_reason is not null and not record.is_deleted
),

contracted as (
  select distinct customer_id
  from {{ ref('contract_line') }}
  where not is_deleted and customer_id is not null
),

known_to_billing as (
  select distinct customer_id
  from {{ ref('customer_xref') }}
  where not is_anchor
),

named_by_billing as (
  select
    target_id,
    {{ dbt.listagg("source_customer_id", "', '", "order by source_customer_id asc nulls last") }} as candidates,
    min(contradicted) as contradicted
  from (
    select
      target_id,
      {{ entity_id('source_system', 'source_id') }} as source_customer_id,
      min(case when is_contradicted then 1 else 0 end) as contradicted
    from {{ ref('customer_match') }}
    group by target_id, source_system, source_id
  ) as pairs
  group by target_id
),

-- Customers with a contract that the billing system does not know.
contract_customers as (
  select
    'customer' as entity_type,
    record.source_domain,
    record.source_system,
    record.source_id,
    record.name,
    record.survivor_id as entity_id,
    named.candidates,
    case named.contradicted when 0 then 'ambiguous' when 1 then 'contradicted' else 'no_candidate' end as reason
  from {{ ref('customer_record') }} as record
  inner join contracted on record.survivor_id = contracted.customer_id
  left join known_to_billing as known on record.survivor_id = known.customer_id
  left join named_by_billing as named on record.survivor_id = named.target_id
  where
    record.is_anchor
    and not record.is_merged
    and not record.is_deleted
    and known.customer_id is null
    and {{ 'true' if crm_is_apart else 'false' }}
),

projects as (
  select
    'project' as entity_type,
    'psa' as source_domain,
    source_system,
    source_id,
    name,
    project_id as entity_id,
    cast(null as {{ dbt.type_string() }}) as candidates,
    case
      when is_merge_unresolved then 'merge_circle'
      when contract_line_ref is not null then 'unknown_contract_line'
      else 'no_contract_line'
    end as reason
  from {{ ref('project') }}
  where
    not is_deleted
    and (
      is_merge_unresolved
      or (
        contract_line_id is null
        and project_id = effective_project_id
        and coalesce(project_type, 'unknown') not in ('internal', 'presales')
      )
    )
),

project_refs as (
  select
    'project' as entity_type,
    source_domain,
    source_system,
    source_id,
    source_id as name,
    source_project_id as entity_id,
    candidates,
    unmatched_reason as reason
  from {{ ref('project_xref') }}
  where match_method = 'unmatched'
),

people as (
  select
    'person' as entity_type,
    xref.source_domain,
    xref.source_system,
    xref.source_id,
    coalesce(record.name, xref.source_id) as name,
    coalesce(xref.resource_id, xref.source_resource_id) as entity_id,
    xref.candidates,
    xref.unmatched_reason as reason
  from {{ ref('resource_xref') }} as xref
  left join {{ ref('resource_record') }} as record on xref.source_resource_id = record.source_resource_id
  where xref.match_method = 'unmatched' and not coalesce(record.is_deleted, false)
),

unmatched as (
  select * from billing_customers
  union all
  select * from contract_customers
  union all
  select * from projects
  union all
  select * from project_refs
  union all
  select * from people
),

-- What hangs on each: documents and items that carry its id, a billed customer's as invoiced, all others' at their value.
money as (
  select 'customer' as entity_type, customer_id as entity_id, net_amount as amount, currency
  from {{ ref('invoice') }}
  where status = 'posted' and not is_deleted

  union all

  select 'customer' as entity_type, items.customer_id as entity_id, items.entitled_amount as amount, items.currency
  from {{ ref('ledger__items') }} as items
  inner join contract_customers on items.customer_id = contract_customers.entity_id

  union all

  select 'project' as entity_type, items.project_id as entity_id, items.entitled_amount as amount, items.currency
  from {{ ref('ledger__items') }} as items
  inner join projects on items.project_id = projects.entity_id

  union all

  select 'person' as entity_type, items.resource_id as entity_id, items.entitled_amount as amount, items.currency
  from {{ ref('ledger__items') }} as items
  inner join people on items.resource_id = people.entity_id

  {% for model, ref_column in [
    ('expense_item', 'project_code'), ('supplier_cost', 'project_code'), ('invoice_line', 'project_ref'),
    ('project_cost', 'project_ref'), ('expense_item', 'resource_ref'), ('invoice_line', 'resource_ref')] %}
  union all

  select
    '{{ 'person' if ref_column == 'resource_ref' else 'project' }}' as entity_type,
    {{ entity_id('source_system', ref_column) }} as entity_id,
    {{ 'amount' if model in ('expense_item', 'project_cost') else 'net_amount' }} as amount,
    currency
  from {{ ref(model) }}
  where not is_deleted and {{ ref_column }} is not null
  {% endfor %}
),

summed as (
  select
    entity_type,
    entity_id,
    currency,
    cast(sum(amount) as decimal(18, 4)) as amount,
    cast(count(*) as int) as item_count,
    cast(sum(case when amount is null then 1 else 0 end) as int) as unvalued_item_count
  from money
  group by entity_type, entity_id, currency
)

select
  unmatched.entity_type || ' ' || {{ entity_id('unmatched.source_system', 'unmatched.source_id') }}
  || coalesce(' ' || summed.currency, '') as unmatched_identity_id,
  unmatched.entity_type,
  unmatched.source_domain,
  unmatched.source_system,
  unmatched.source_id,
  unmatched.name,
  unmatched.reason,
  unmatched.candidates,
  case unmatched.reason
    when 'ambiguous' then 'Decide which of the candidates it is, in the seed identity_decisions.'
    when 'contradicted' then 'Correct what differs, or decide in the seed identity_decisions.'
    when 'merge_circle' then 'Correct the merges: they lead back to the record, or on for too long.'
    when 'no_contract_line' then 'Enter the contract line that the project delivers.'
    when 'unknown_contract_line' then 'Correct the contract line: the one that the project names is not there.'
    else 'Create or link the record that it stands for, or decide in the seed identity_decisions.'
  end as action,
  coalesce(summed.item_count, 0) as item_count,
  summed.amount,
  summed.currency,
  coalesce(summed.unvalued_item_count, 0) as unvalued_item_count
from unmatched
left join summed
  on unmatched.entity_type = summed.entity_type and unmatched.entity_id = summed.entity_id
