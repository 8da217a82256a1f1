select
  salesorderid as contract_id,
  name,
  externalid as external_id,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'salesorder', 'salesorderid') }}) as latest
