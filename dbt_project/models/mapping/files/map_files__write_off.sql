select
  write_off_id as source_id,
  exported_at as source_updated_at,
  is_deleted,
  document_id as invoice_source_id,
  amount,
  currency,
  posted_date as written_off_date,
  reason_code,
  approver,
  approver_role
from {{ ref('stg_files__write_offs') }}
