select
  links.link_id as source_id,
  links.exported_at as source_updated_at,
  links.is_deleted or coalesce(lines.is_deleted, false) as is_deleted,
  links.line_id as invoice_line_source_id,
  case links.item_type_code
    when 'TIME' then 'time_entry'
    when 'MILESTONE' then 'milestone'
    when 'PROGRESS' then 'progress'
    when 'EXPENSE' then 'expense_item'
    when 'SUBCON' then 'supplier_cost'
    else 'unknown'
  end as item_type,
  links.item_ref,
  cast(links.quantity as decimal(9, 4)) as quantity,
  links.amount,
  links.currency
from {{ ref('stg_files__billing_links') }} as links
left join {{ ref('map_files__invoice_line') }} as lines
  on links.line_id = lines.source_id
