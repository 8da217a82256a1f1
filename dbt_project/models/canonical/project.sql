with source_projects as (
  {{ union_mapped('project') }}
),

linked as (
  select
    own.*,
    -- Work on a project that was merged away belongs to the contract line of the project it was merged into.
    coalesce(target.contract_line_ref, own.contract_line_ref) as effective_contract_line_ref,
    coalesce(target.source_id, own.source_id) as effective_source_id
  from source_projects as own
  left join source_projects as target
    on own.source_system = target.source_system and own.merged_into_source_id = target.source_id
)

select
  {{ entity_id('linked.source_system', 'linked.source_id') }} as project_id,
  {{ entity_id('linked.source_system', 'linked.effective_source_id') }} as effective_project_id,
  contract_line.contract_line_id,
  contract_line.engagement_id,
  contract_line.correlation_id,
  coalesce(contract_line.customer_id, xref.customer_id) as customer_id,
  linked.name,
  linked.project_code,
  linked.project_type,
  linked.status,
  linked.start_date,
  linked.end_date,
  linked.created_at,
  lower(linked.manager_ref) as manager_email,
  linked.contract_line_ref,
  linked.source_system,
  linked.source_id,
  linked.source_updated_at,
  linked.is_deleted
from linked
left join {{ ref('contract_line') }} as contract_line
  on linked.effective_contract_line_ref = contract_line.source_id
left join {{ ref('customer_xref') }} as xref
  on linked.customer_ref = xref.source_id and xref.match_method in ('own', 'merged')
