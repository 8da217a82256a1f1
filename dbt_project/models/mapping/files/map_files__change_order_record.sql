select
  amendment_no as source_id,
  exported_at as source_updated_at,
  is_deleted,
  change_order_ref,
  contract_line_ref,
  amount as delta_amount,
  cap_amount as cap_delta_amount,
  currency,
  created_at
from {{ ref('stg_files__change_orders') }}
