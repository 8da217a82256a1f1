select
  msdyn_projectid as project_id,
  msdyn_subject as name,
  externalid as external_id,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'msdyn_project', 'msdyn_projectid') }}) as latest
