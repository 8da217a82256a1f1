select
  posting_id as source_id,
  exported_at as source_updated_at,
  is_deleted,
  contract_line_ref,
  case
    when item_type_code = 'TIME' then 'time_entry'
    when item_type_code = 'EXPENSE' then 'expense_item'
    when item_type_code = 'SUBCON' then 'supplier_cost'
    when item_type_code is not null then 'unknown'
  end as item_type,
  item_ref,
  amount,
  currency,
  posted_date,
  book
from {{ ref('stg_files__wip_postings') }}
