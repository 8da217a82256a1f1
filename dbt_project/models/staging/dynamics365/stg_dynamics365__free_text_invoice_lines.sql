{%- set keys = ['data_area_id', 'free_text_number', 'line_number'] -%}

select
  data_area_id as company,
  free_text_number,
  cast(line_number as {{ dbt.type_string() }}) as line_number,
  nullif(project_id, '') as project_number,
  nullif(category_id, '') as category_code,
  nullif(description, '') as description,
  nullif(contract_line_reference, '') as crm_contract_line_id,
  cast(quantity as decimal(18, 6)) as quantity,
  cast(unit_price as decimal(18, 6)) as unit_price,
  cast(transaction_currency_amount as decimal(18, 4)) as net_amount,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'free_text_invoice_line', keys) }}) as latest
