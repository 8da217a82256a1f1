select
  contract_item_no as source_id,
  exported_at as source_updated_at,
  is_deleted,
  contract_line_ref,
  amount,
  currency,
  created_at
from {{ ref('stg_files__contract_values') }}
