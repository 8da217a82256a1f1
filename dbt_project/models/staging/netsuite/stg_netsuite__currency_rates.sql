select
  id as rate_id,
  transactioncurrency as from_currency_id,
  basecurrency as to_currency_id,
  cast(effectivedate as date) as effective_date,
  cast(exchangerate as decimal(18, 8)) as rate,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'currencyrate', 'id') }}) as latest
