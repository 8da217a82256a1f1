select
  id as log_id,
  record_type as record_type_code,
  record_id as record_reference,
  from_system as from_system_code,
  to_system as to_system_code,
  {{ dbt.safe_cast('attempt', dbt.type_int()) }} as attempt,
  status as status_code,
  error as error_class,
  is_transient = 'T' as is_transient,
  cast(occurred as {{ dbt.type_timestamp() }}) as occurred_at,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'integrationlog', 'id') }}) as latest
