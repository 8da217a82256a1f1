-- Finance names a line by its number within the document; our ids of lines are as map_dynamics365__invoice_line has them.
with document_lines as (
  select
    company,
    invoice_number,
    line_number,
    coalesce(proforma_line_id, company || '-' || invoice_number || '-' || line_number) as source_id
  from {{ ref('stg_dynamics365__project_invoice_lines') }}

  union all

  select
    lines.company,
    headers.invoice_number,
    lines.line_number,
    lines.company || '-' || lines.free_text_number || '-' || lines.line_number as source_id
  from {{ ref('stg_dynamics365__free_text_invoice_lines') }} as lines
  inner join {{ ref('stg_dynamics365__free_text_invoices') }} as headers
    on lines.company = headers.company and lines.free_text_number = headers.free_text_number
)

select
  disputes.company || '-' || cast(disputes.dispute_number as {{ dbt.type_string() }}) as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  disputes.is_deleted,
  posted_invoices.source_id as invoice_source_id,
  document_lines.source_id as invoice_line_source_id,
  disputes.amount,
  disputes.currency_code as currency,
  disputes.reason_code,
  coalesce(disputes.opened_date, disputes.status_changed_date) as opened_date,
  -- Whatever was decided: what is denied or promised is no longer disputed.
  case when disputes.status_code in ('Resolved', 'Denied', 'PromiseToPay') then disputes.status_changed_date end
    as resolved_date
from {{ ref('stg_dynamics365__disputes') }} as disputes
left join {{ posted_finance_documents() }} as posted_invoices
  on disputes.company = posted_invoices.company and disputes.invoice_number = posted_invoices.invoice_number
left join document_lines
  on
    disputes.company = document_lines.company
    and disputes.invoice_number = document_lines.invoice_number
    and disputes.line_number = document_lines.line_number
-- Finance keeps a record for a transaction that nobody disputes, too.
where coalesce(disputes.status_code, 'None') <> 'None'
