select
  {{ entity_id('source.source_system', 'source.source_id') }} as billing_link_id,
  {{ entity_id('source.source_system', 'source.invoice_line_source_id') }} as invoice_line_id,
  source.item_type,
  case source.item_type
    when 'time_entry' then time_entry.time_entry_id
    when 'expense_item' then expense_item.expense_item_id
    when 'supplier_cost' then supplier_cost.supplier_cost_id
    when 'milestone' then milestone.milestone_id
    when 'progress' then progress.progress_report_id
  end as item_id,
  source.item_ref,
  source.quantity,
  source.amount,
  source.currency,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('billing_link') }}) as source
left join {{ ref('time_entry') }} as time_entry
  on source.item_type = 'time_entry' and source.item_ref = time_entry.source_id
left join {{ ref('expense_item') }} as expense_item
  on source.item_type = 'expense_item' and source.item_ref = expense_item.source_id
left join {{ ref('supplier_cost') }} as supplier_cost
  on source.item_type = 'supplier_cost' and source.item_ref = supplier_cost.source_id
left join {{ ref('milestone') }} as milestone
  on source.item_type = 'milestone' and source.item_ref = milestone.source_id
left join {{ ref('progress_report') }} as progress
  on source.item_type = 'progress' and source.item_ref = progress.source_id
