select
  transactioncurrencyid as currency_id,
  isocurrencycode as currency_code,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'transactioncurrency', 'transactioncurrencyid') }}) as latest
