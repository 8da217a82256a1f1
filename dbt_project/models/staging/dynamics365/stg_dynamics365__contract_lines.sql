select
  salesorderdetailid as contract_line_id,
  productdescription as name,
  externalid as external_id,
  _transactioncurrencyid_value as currency_id,
  cast(extendedamount as decimal(18, 4)) as amount,
  cast(createdon as {{ dbt.type_timestamp() }}) as created_at,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'salesorderdetail', 'salesorderdetailid') }}) as latest
