with typed as (
  select
    organization.*,
    case organization.organization_type
      when 'supervisory' then 'supervisory'
      when 'cost_center' then 'cost_center'
      when 'cost_center_hierarchy' then 'cost_center'
      when 'company' then 'company'
      when 'company_hierarchy' then 'company'
      when 'region' then 'region'
      when 'region_hierarchy' then 'region'
    end as org_type
  from {{ ref('stg_workday__organizations') }} as organization
)

select
  typed.organization_wid as source_id,
  typed.updated_at as source_updated_at,
  -- An organization cannot be deleted; it is made inactive.
  (typed.is_deleted or typed.is_inactive) as is_deleted,
  typed.name,
  typed.org_type,
  typed.organization_code as code,
  typed.parent_wid as parent_source_id,
  lower(manager.work_email) as manager_ref
from typed
left join {{ ref('stg_workday__workers') }} as manager
  on typed.manager_wid = manager.worker_wid
where typed.org_type is not null
