select
  cost_id,
  project_ref,
  project_code,
  cast(amount as decimal(18, 4)) as amount,
  currency,
  posted_date,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'project_costs', 'cost_id') }}) as latest
