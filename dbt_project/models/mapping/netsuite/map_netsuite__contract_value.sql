-- Sales orders do not post; their signs are the ledger's all the same: what is sold is a credit.
select
  lines.line_key as source_id,
  case
    when orders.updated_at > lines.updated_at or lines.updated_at is null then orders.updated_at
    else lines.updated_at
  end as source_updated_at,
  lines.is_deleted
  or orders.is_deleted
  or coalesce(orders.is_voided, false)
  -- A cancelled order is worth nothing.
  or coalesce(orders.status_code, '') = 'C' as is_deleted,
  lines.crm_contract_line_id as contract_line_ref,
  cast(-lines.amount as decimal(18, 4)) as amount,
  currencies.currency_code as currency,
  orders.created_at
from {{ ref('stg_netsuite__transaction_lines') }} as lines
inner join {{ ref('stg_netsuite__transactions') }} as orders
  on lines.transaction_id = orders.transaction_id
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on orders.currency_id = currencies.currency_id
where
  orders.type_code = 'SalesOrd'
  and not coalesce(lines.is_main_line, false)
  and not coalesce(lines.is_tax_line, false)
  and coalesce(lines.accounting_line_type, 'INCOME') not in ('COGS', 'ASSET')
