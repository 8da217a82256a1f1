select
  settled.company || '-' || settled.journal_number || '-' || settled.line_number || '-'
  || settled.invoice_company || '-' || settled.invoice_number as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  settled.is_deleted or lines.is_deleted as is_deleted,
  posted_invoices.source_id as invoice_source_id,
  lines.company || '-' || lines.customer_account as customer_source_id,
  cast(settled.amount as decimal(18, 4)) as amount,
  -- The settled amount is in the currency of the invoice.
  coalesce(invoices.currency, lines.currency_code) as currency,
  lines.payment_date,
  cast(settled.withholding_tax_amount as decimal(18, 4)) as withholding_tax_amount,
  cast(settled.deduction_amount as decimal(18, 4)) as deduction_amount,
  settled.deduction_reason
from {{ ref('stg_dynamics365__payment_settlements') }} as settled
inner join {{ ref('stg_dynamics365__payment_lines') }} as lines
  on
    settled.company = lines.company
    and settled.journal_number = lines.journal_number
    and settled.line_number = lines.line_number
inner join {{ ref('stg_dynamics365__payment_journals') }} as journals
  on settled.company = journals.company and settled.journal_number = journals.journal_number
left join {{ posted_finance_documents() }} as posted_invoices
  on settled.invoice_company = posted_invoices.company and settled.invoice_number = posted_invoices.invoice_number
left join {{ ref('map_dynamics365__invoice') }} as invoices
  on posted_invoices.source_id = invoices.source_id
-- A journal that is not posted is not in the ledger: no cash has been received.
where journals.posted_code = 'Yes'
