select
  id as rate_id,
  fromcurrency as from_currency_id,
  tocurrency as to_currency_id,
  cast(ratedate as date) as rate_date,
  cast(rate as decimal(18, 8)) as rate,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'averagerate', 'id') }}) as latest
