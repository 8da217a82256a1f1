select
  charges.charge_id as source_id,
  charges.updated_at as source_updated_at,
  charges.is_deleted or coalesce(lines.is_deleted, false) as is_deleted,
  lines.line_key as invoice_line_source_id,
  case
    when charges.time_bill_id is not null then 'time_entry'
    when charges.source_type_code = 'MILESTONE' then 'milestone'
    when charges.source_type_code = 'PROGRESS' then 'progress'
    when charges.source_type_code = 'EXPENSE' then 'expense_item'
    when charges.source_type_code = 'VENDOR_BILL' then 'supplier_cost'
    else 'unknown'
  end as item_type,
  case when charges.time_bill_id is not null then time_bills.external_id else charges.source_reference end as item_ref,
  cast(charges.quantity as decimal(9, 4)) as quantity,
  cast(charges.amount as decimal(18, 4)) as amount,
  currencies.currency_code as currency
from {{ ref('stg_netsuite__charges') }} as charges
left join {{ ref('stg_netsuite__transaction_lines') }} as lines
  on
    charges.billing_transaction_id = lines.transaction_id
    and charges.billing_line_number = lines.line_number
left join {{ ref('stg_netsuite__time_bills') }} as time_bills
  on charges.time_bill_id = time_bills.time_bill_id
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on charges.currency_id = currencies.currency_id
where
  charges.use_code = 'Actual'
  and charges.billing_transaction_id is not null
