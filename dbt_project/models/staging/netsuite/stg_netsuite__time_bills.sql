select
  id as time_bill_id,
  externalid as external_id,
  cast(trandate as date) as work_date,
  cast(hours as decimal(18, 6)) as hours,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'timebill', 'id') }}) as latest
