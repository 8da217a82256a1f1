select
  from_type || '/' || from_id || '/' || to_type || '/' || to_id || '/' || category
    || '/' || cast(type_id as {{ dbt.type_string() }}) as association_id,
  from_type,
  from_id,
  to_type,
  to_id,
  category,
  type_id as association_type_id,
  label,
  is_tombstoned as is_deleted
from ({{ latest_version('hubspot', 'association', ['from_type', 'from_id', 'to_type', 'to_id', 'category', 'type_id']) }})
  as latest
