select
  {{ dbt.hash(
    "coalesce(item.contract_line_id, 'none') || '|' || item.item_type || '|' || "
    ~ "coalesce(item.currency, 'none') || '|' || coalesce(item.reason, 'none')"
  ) }} as not_judged_id,
  {{ as_of_date() }} as as_of_date,
  item.item_type,
  item.reason,
  item.contract_line_id,
  coalesce(line.name, 'no contract line') as contract_line_name,
  cast(count(*) as int) as item_count,
  cast(sum(case when item.entitled_amount is null then 1 else 0 end) as int) as unpriced_item_count,
  cast(sum(case when item.item_type = 'time_entry' then item.quantity end) as decimal(18, 4)) as hours,
  cast(sum(item.open_amount) as decimal(18, 4)) as not_judged_amount,
  item.currency
from {{ ref('ledger__items') }} as item
left join {{ ref('contract_line') }} as line on item.contract_line_id = line.contract_line_id
where item.verdict = 'indeterminate'
group by item.item_type, item.reason, item.contract_line_id, line.name, item.currency
