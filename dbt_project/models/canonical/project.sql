with source_projects as (
  {{ union_mapped('project') }}
),

{{ resolve_merges('source_projects') }},

linked as (
  select
    own.*,
    survivors.is_merge_unresolved,
    -- Work on a project that was merged away belongs to the contract and service line of the project that stands for it.
    coalesce(survivor.contract_line_ref, own.contract_line_ref) as effective_contract_line_ref,
    coalesce(survivor.service_line, own.service_line) as effective_service_line,
    coalesce(survivor.source_id, own.source_id) as effective_source_id
  from source_projects as own
  inner join survivors
    on own.source_system = survivors.source_system and own.source_id = survivors.source_id
  left join source_projects as survivor
    on own.source_system = survivor.source_system and survivors.survivor_source_id = survivor.source_id
)

select
  {{ entity_id('linked.source_system', 'linked.source_id') }} as project_id,
  {{ entity_id('linked.source_system', 'linked.effective_source_id') }} as effective_project_id,
  linked.is_merge_unresolved,
  contract_line.contract_line_id,
  contract_line.engagement_id,
  contract_line.correlation_id,
  coalesce(contract_line.customer_id, xref.customer_id) as customer_id,
  linked.name,
  linked.project_code,
  linked.project_type,
  linked.effective_service_line as service_line,
  linked.is_excluded_from_billing,
  linked.status,
  linked.start_date,
  linked.end_date,
  linked.created_at,
  coalesce(manager.email, lower(linked.manager_ref)) as manager_email,
  linked.contract_line_ref,
  case
    when linked.parent_source_id is not null then {{ entity_id('linked.source_system', 'linked.parent_source_id') }}
  end as parent_project_id,
  linked.source_system,
  linked.source_id,
  linked.source_updated_at,
  linked.is_deleted
from linked
left join {{ ref('contract_line') }} as contract_line
  on linked.effective_contract_line_ref = contract_line.source_id
left join {{ ref('customer_xref') }} as xref
  on linked.customer_ref = xref.source_id and xref.is_anchor
left join {{ ref('resource_xref') }} as manager_xref
  on linked.source_system = manager_xref.source_system and lower(linked.manager_ref) = manager_xref.source_id
left join {{ ref('resource') }} as manager
  on manager_xref.resource_id = manager.resource_id
