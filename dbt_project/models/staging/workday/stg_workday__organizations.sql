select
  organization_reference__wid as organization_wid,
  organization_data__reference_id as reference_id,
  organization_data__name as name,
  organization_data__organization_code as organization_code,
  lower(organization_data__organization_type_reference__organization_type_id) as organization_type,
  coalesce({{ workday_boolean('organization_data__inactive') }}, false) as is_inactive,
  organization_data__inactive_date as inactive_date,
  organization_data__manager_reference__wid as manager_wid,
  parent__wid as parent_wid,
  cast(organization_data__last_updated_date_time as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('workday', 'organizations', 'organization_reference__wid') }}) as latest
