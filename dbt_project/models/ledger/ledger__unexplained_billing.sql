with allocated as (
  select
    invoice_line_id,
    sum(amount) as allocated_amount
  from {{ ref('ledger__billing_allocations') }}
  group by invoice_line_id
)

select
  line.invoice_line_id,
  line.invoice_id,
  line.contract_line_id,
  invoice.customer_id,
  invoice.posted_date,
  line.description,
  line.net_amount,
  cast(coalesce(allocated.allocated_amount, 0) as decimal(18, 4)) as allocated_amount,
  cast(line.net_amount - coalesce(allocated.allocated_amount, 0) as decimal(18, 4)) as unexplained_amount,
  line.currency
from {{ ref('invoice_line') }} as line
inner join {{ ref('invoice') }} as invoice on line.invoice_id = invoice.invoice_id
left join allocated on line.invoice_line_id = allocated.invoice_line_id
where
  invoice.status = 'posted'
  and not invoice.is_deleted
  and not line.is_deleted
  and invoice.posted_date <= {{ as_of_date() }}
  -- Prepaid hours and interest are no billing of items; what companies of the firm charge each other neither.
  and line.line_type not in ('retainer', 'late_fee')
  and invoice.intercompany_legal_entity_id is null
  and line.net_amount - coalesce(allocated.allocated_amount, 0) <> 0
