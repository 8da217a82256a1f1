select
  dispute_id as source_id,
  exported_at as source_updated_at,
  is_deleted,
  document_id as invoice_source_id,
  line_id as invoice_line_source_id,
  amount,
  currency,
  reason_code,
  opened_date,
  resolved_date
from {{ ref('stg_files__disputes') }}
