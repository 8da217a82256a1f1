select
  integrationlogid as log_id,
  recordtype as record_type,
  recordid as record_id,
  fromdomain as from_domain,
  todomain as to_domain,
  cast(attempt as {{ dbt.type_int() }}) as attempt,
  status as status_code,
  errorclass as error_class,
  istransient as is_transient,
  cast(occurredat as {{ dbt.type_timestamp() }}) as occurred_at,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'integrationlog', 'integrationlogid') }}) as latest
