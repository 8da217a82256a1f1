select
  invoiceid as proforma_invoice_id,
  invoicenumber as number,
  _customerid_value as account_id,
  _transactioncurrencyid_value as currency_id,
  statecode as state_code,
  msdyn_projectinvoicestatus as project_status_code,
  msdyn_hascorrections as has_corrections,
  cast(createdon as date) as created_date,
  cast(duedate as date) as due_date,
  cast(totaltax as decimal(18, 4)) as tax_amount,
  cast(totalamount as decimal(18, 4)) as gross_amount,
  cast(modifiedon as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'invoice', 'invoiceid') }}) as latest
