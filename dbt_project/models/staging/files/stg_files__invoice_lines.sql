select
  line_id,
  document_id,
  contract_line_ref,
  project_ref,
  project_code,
  resource_email,
  description,
  cast(quantity as decimal(18, 6)) as quantity,
  cast(unit_price as decimal(18, 6)) as unit_price,
  cast(net_amount as decimal(18, 4)) as net_amount,
  currency,
  service_from as service_from_date,
  service_to as service_to_date,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'invoice_lines', 'line_id') }}) as latest
