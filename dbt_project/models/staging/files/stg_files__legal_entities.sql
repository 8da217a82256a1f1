select
  entity_code,
  name,
  currency,
  country,
  parent_code,
  time_zone,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'legal_entities', 'entity_code') }}) as latest
