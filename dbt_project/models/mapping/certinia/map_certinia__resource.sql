select
  resource.resource_id as source_id,
  resource.system_modstamp as source_updated_at,
  resource.is_deleted,
  resource.name,
  lower(resource.email) as email,
  resource.role,
  case
    when resource.is_external then 'contractor'
    when not resource.is_external then 'employee'
    else 'unknown'
  end as resource_type,
  -- Nobody says how many hours a day has, so the cost of a day is no cost of an hour.
  case when not coalesce(resource.is_daily_cost_rate, false) then resource.default_cost_rate end as cost_rate,
  case
    when not coalesce(resource.is_daily_cost_rate, false) and resource.default_cost_rate is not null
      then coalesce(resource.currency_iso_code, organization.default_currency_iso_code)
  end as cost_currency,
  resource.erp_legal_entity_id as legal_entity_ref,
  resource.start_date as hire_date,
  resource.last_date as termination_date,
  cast(null as {{ dbt.type_string() }}) as manager_ref,
  cast(null as {{ dbt.type_string() }}) as org_unit_source_id,
  cast(null as {{ dbt.type_string() }}) as work_calendar_source_id,
  lower(replace(resource.email_aliases, ' ', '')) as email_aliases
from {{ ref('stg_certinia__resources') }} as resource
left join {{ ref('stg_certinia__organization') }} as organization
  on not organization.is_deleted
where resource.is_resource
