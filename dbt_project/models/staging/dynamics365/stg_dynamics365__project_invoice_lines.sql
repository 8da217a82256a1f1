select
  data_area_id as company,
  invoice_number,
  cast(line_number as {{ dbt.type_string() }}) as line_number,
  nullif(lower(integration_source_data_id), '') as proforma_line_id,
  nullif(project_id, '') as project_number,
  nullif(category_id, '') as category_code,
  nullif(line_description, '') as description,
  cast(quantity as decimal(18, 6)) as quantity,
  cast(sales_price as decimal(18, 6)) as unit_price,
  cast(line_amount as decimal(18, 4)) as net_amount,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'project_invoice_line', ['data_area_id', 'invoice_number', 'line_number']) }}) as latest
