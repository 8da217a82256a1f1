select
  id as organization_id,
  name,
  default_currency_iso_code,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned as is_deleted
from ({{ latest_version('certinia', 'organization', 'id') }}) as latest
