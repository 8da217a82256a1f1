select
  customer_no,
  name,
  parent_no,
  currency,
  country,
  cast(payment_terms_days as {{ dbt.type_int() }}) as payment_terms_days,
  merged_into_no,
  crm_account_id,
  tax_id,
  former_names,
  represented_entity,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'customers', 'customer_no') }}) as latest
