select
  id as subsidiary_id,
  name,
  parent as parent_subsidiary_id,
  currency as currency_id,
  country,
  time_zone,
  iselimination = 'T' as is_elimination,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'subsidiary', 'id') }}) as latest
