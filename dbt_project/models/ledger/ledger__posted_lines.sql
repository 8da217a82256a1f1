with linked as (
  select distinct invoice_line_id
  from {{ ref('billing_link') }}
  where not is_deleted
)

-- Posted invoice lines as of the business date; nothing else is evidence of billing.
select
  line.invoice_line_id,
  line.invoice_id,
  line.contract_line_id,
  invoice.customer_id,
  line.resource_id,
  line.net_amount,
  line.quantity,
  line.currency,
  line.service_from_date,
  line.service_to_date,
  line.line_type,
  invoice.posted_date,
  -- A credit is converted as what it credits was: a currency difference between the two is nobody's loss.
  coalesce(original.posted_date, invoice.posted_date) as rate_date,
  invoice.invoice_type,
  case when invoice.invoice_type = 'credit_memo' then invoice.original_invoice_id end as credited_invoice_id,
  case
    when invoice.invoice_type = 'credit_memo' then coalesce(reasons.treatment, 'rebill')
    else 'billing'
  end as treatment,
  linked.invoice_line_id is not null as is_linked
from {{ ref('invoice_line') }} as line
inner join {{ ref('invoice') }} as invoice on line.invoice_id = invoice.invoice_id
left join {{ ref('invoice') }} as original
  on invoice.original_invoice_id = original.invoice_id and invoice.invoice_type = 'credit_memo'
left join {{ ref('credit_reasons') }} as reasons on lower(invoice.reason_code) = reasons.reason_code
left join linked on line.invoice_line_id = linked.invoice_line_id
where
  invoice.status = 'posted'
  and not invoice.is_deleted
  and not line.is_deleted
  and invoice.posted_date <= {{ as_of_date() }}
  -- What one company of the firm charges another is no billing of the customer.
  and invoice.intercompany_legal_entity_id is null
