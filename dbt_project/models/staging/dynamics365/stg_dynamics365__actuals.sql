select
  msdyn_actualid as actual_id,
  msdyn_externalreferenceid as external_reference,
  msdyn_transactiontypecode as type_code,
  msdyn_transactionclassification as classification_code,
  msdyn_adjustmentstatus as adjustment_code,
  cast(msdyn_quantity as decimal(18, 6)) as quantity,
  cast(msdyn_amount as decimal(18, 4)) as amount,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'msdyn_actual', 'msdyn_actualid') }}) as latest
