select
  {{ entity_id('source.source_system', 'source.source_id') }} as wip_posting_id,
  contract_line.contract_line_id,
  contract_line.engagement_id,
  contract_line.correlation_id,
  source.item_type,
  case source.item_type
    when 'time_entry' then time_entry.time_entry_id
    when 'expense_item' then expense_item.expense_item_id
    when 'supplier_cost' then supplier_cost.supplier_cost_id
  end as item_id,
  source.amount,
  coalesce(source.currency, contract_line.currency) as currency,
  source.posted_date,
  coalesce(source.book, 'primary') as book,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('wip_posting') }}) as source
left join {{ ref('contract_line') }} as contract_line
  on source.contract_line_ref = contract_line.source_id
left join {{ ref('time_entry') }} as time_entry
  on source.item_type = 'time_entry' and source.item_ref = time_entry.source_id
left join {{ ref('expense_item') }} as expense_item
  on source.item_type = 'expense_item' and source.item_ref = expense_item.source_id
left join {{ ref('supplier_cost') }} as supplier_cost
  on source.item_type = 'supplier_cost' and source.item_ref = supplier_cost.source_id
