select
  msdyn_transactionconnectionid as connection_id,
  lower(msdyn_transaction1) as from_transaction_id,
  msdyn_transaction1type as from_table,
  lower(msdyn_transaction2) as to_transaction_id,
  msdyn_transaction2type as to_table,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'msdyn_transactionconnection', 'msdyn_transactionconnectionid') }}) as latest
