{%- set keys = ['data_area_id', 'journal_batch_number', 'line_number', 'invoice_company', 'invoice_number'] -%}

select
  data_area_id as company,
  journal_batch_number as journal_number,
  cast(line_number as {{ dbt.type_string() }}) as line_number,
  lower(invoice_company) as invoice_company,
  invoice_number,
  cast(settlement_amount_in_invoice_currency as decimal(18, 4)) as amount,
  cast(withholding_tax_amount as decimal(18, 4)) as withholding_tax_amount,
  cast(deduction_amount as decimal(18, 4)) as deduction_amount,
  nullif(deduction_reason, '') as deduction_reason,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'payment_settlement', keys) }}) as latest
