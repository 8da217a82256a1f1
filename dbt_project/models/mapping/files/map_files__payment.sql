select
  payment_id as source_id,
  exported_at as source_updated_at,
  is_deleted,
  document_id as invoice_source_id,
  customer_no as customer_source_id,
  amount,
  currency,
  payment_date,
  withholding_tax_amount,
  deduction_amount,
  deduction_reason
from {{ ref('stg_files__payments') }}
