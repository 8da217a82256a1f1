select
  changeorderid as change_order_id,
  name,
  externalid as external_id,
  _contractlineid_value as contract_line_id,
  _transactioncurrencyid_value as currency_id,
  cast(amount as decimal(18, 4)) as amount,
  cast(capamount as decimal(18, 4)) as cap_amount,
  cast(createdon as {{ dbt.type_timestamp() }}) as created_at,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'changeorder', 'changeorderid') }}) as latest
