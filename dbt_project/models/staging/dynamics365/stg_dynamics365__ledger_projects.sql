select
  data_area_id as company,
  project_id as project_number,
  nullif(lower(integration_source_data_id), '') as project_id,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'project', ['data_area_id', 'project_id']) }}) as latest
