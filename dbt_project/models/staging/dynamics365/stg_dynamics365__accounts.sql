select
  accountid as account_id,
  accountnumber as account_number,
  name,
  msdyn_externalaccountid as external_id,
  _parentaccountid_value as parent_account_id,
  _masterid_value as merged_into_account_id,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'account', 'accountid') }}) as latest
