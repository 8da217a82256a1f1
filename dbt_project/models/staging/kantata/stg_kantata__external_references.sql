select
  id as external_reference_id,
  subject_type,
  cast(subject_id as {{ dbt.type_string() }}) as subject_id,
  service_name,
  service_model,
  service_model_ref,
  status,
  external_status,
  external_message,
  locked as is_locked,
  cast(last_synced_at as {{ dbt.type_timestamp() }}) as last_synced_at,
  cast(created_at as {{ dbt.type_timestamp() }}) as created_at,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'external_references', 'id') }}) as latest
