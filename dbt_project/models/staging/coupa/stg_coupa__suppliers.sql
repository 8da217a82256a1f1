select
  cast(id as {{ dbt.type_string() }}) as supplier_id,
  name as supplier_name,
  number as supplier_number,
  status,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('coupa', 'suppliers', 'id') }}) as latest
