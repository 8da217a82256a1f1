select
  msdyn_invoicelinetransactionid as line_detail_id,
  _msdyn_invoicelineid_value as proforma_line_id,
  _msdyn_bookableresource_value as resource_id,
  _transactioncurrencyid_value as currency_id,
  msdyn_transactionclassification as classification_code,
  cast(msdyn_quantity as decimal(18, 6)) as quantity,
  cast(msdyn_amount as decimal(18, 4)) as amount,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'msdyn_invoicelinetransaction', 'msdyn_invoicelinetransactionid') }}) as latest
