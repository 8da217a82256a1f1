select
  invoicedetailid as proforma_line_id,
  _invoiceid_value as proforma_invoice_id,
  _salesorderdetailid_value as contract_line_id,
  _msdyn_project_value as project_id,
  _transactioncurrencyid_value as currency_id,
  description,
  projectcategory as category_code,
  cast(servicefrom as date) as service_from_date,
  cast(serviceto as date) as service_to_date,
  cast(quantity as decimal(18, 6)) as quantity,
  cast(priceperunit as decimal(18, 6)) as unit_price,
  cast(extendedamount as decimal(18, 4)) as net_amount,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'invoicedetail', 'invoicedetailid') }}) as latest
