-- A line detail names the actual that it bills or corrects through a transaction connection; every actual of an item,
-- reversals included, carries the item's id in its own system.
with connected as (
  select
    connections.from_transaction_id as line_detail_id,
    actuals.external_reference,
    row_number() over (
      partition by connections.from_transaction_id
      order by
        case when connections.is_deleted then 1 else 0 end asc nulls last,
        case when actuals.external_reference is null then 1 else 0 end asc nulls last,
        connections.connection_id asc nulls last
    ) as preference
  from {{ ref('stg_dynamics365__transaction_connections') }} as connections
  inner join {{ ref('stg_dynamics365__actuals') }} as actuals
    on connections.to_transaction_id = actuals.actual_id
  where
    connections.from_table = 'msdyn_invoicelinetransaction'
    and connections.to_table = 'msdyn_actual'
)

select
  details.line_detail_id as source_id,
  details.updated_at as source_updated_at,
  details.is_deleted,
  details.proforma_line_id as invoice_line_source_id,
  case details.classification_code
    when 192350000 then 'time_entry'
    when 192350001 then 'expense_item'
    when 192350002 then 'supplier_cost'
    when 192350003 then 'milestone'
    -- A share of a fixed fee is billed as a fee; one that names no report is any other fee.
    when 192350004 then case when connected.external_reference is null then 'unknown' else 'progress' end
    else 'unknown'
  end as item_type,
  connected.external_reference as item_ref,
  cast(details.quantity as decimal(9, 4)) as quantity,
  cast(details.amount as decimal(18, 4)) as amount,
  currencies.currency_code as currency
from {{ ref('stg_dynamics365__line_details') }} as details
-- Details that were typed by hand bill no item.
inner join connected
  on details.line_detail_id = connected.line_detail_id and connected.preference = 1
left join {{ ref('stg_dynamics365__currencies') }} as currencies
  on details.currency_id = currencies.currency_id
