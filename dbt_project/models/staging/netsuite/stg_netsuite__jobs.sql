select
  id as job_id,
  entityid as project_code,
  externalid as external_id,
  customer as customer_id,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'job', 'id') }}) as latest
