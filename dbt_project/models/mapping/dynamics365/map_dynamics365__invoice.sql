-- Only what Finance has posted is billing. A proforma that is not posted is a draft, even a confirmed one.
with documents as (
  select
    coalesce(posted.proforma_invoice_id, posted.company || '-' || posted.invoice_number) as source_id,
    proformas.updated_at,
    posted.is_deleted,
    posted.company,
    posted.invoice_number,
    case posted.invoice_type_code
      when 'Invoice' then 'invoice'
      when 'CreditNote' then 'credit_memo'
      else 'unknown'
    end as invoice_type,
    posted.customer_account,
    posted.currency_code,
    'posted' as status,
    coalesce(posted.document_date, posted.invoice_date) as issue_date,
    posted.invoice_date as posted_date,
    posted.sent_date,
    posted.due_date,
    posted.corrected_invoice_number,
    posted.reason_code,
    posted.tax_amount,
    posted.rejected_date,
    posted.rejection_reason,
    posted.awaiting_delivery_code
  from {{ ref('stg_dynamics365__project_invoices') }} as posted
  left join {{ ref('stg_dynamics365__proforma_invoices') }} as proformas
    on posted.proforma_invoice_id = proformas.proforma_invoice_id

  union all

  select
    proformas.proforma_invoice_id as source_id,
    proformas.updated_at,
    proformas.is_deleted,
    cast(null as {{ dbt.type_string() }}) as company,
    proformas.number as invoice_number,
    case when proformas.has_corrections then 'credit_memo' else 'invoice' end as invoice_type,
    accounts.account_number as customer_account,
    currencies.currency_code,
    case
      when proformas.state_code = 3 then 'voided'
      when proformas.project_status_code between 192350000 and 192350003 then 'draft'
      else 'unknown'
    end as status,
    proformas.created_date as issue_date,
    cast(null as date) as posted_date,
    cast(null as date) as sent_date,
    proformas.due_date,
    cast(null as {{ dbt.type_string() }}) as corrected_invoice_number,
    cast(null as {{ dbt.type_string() }}) as reason_code,
    proformas.tax_amount,
    cast(null as date) as rejected_date,
    cast(null as {{ dbt.type_string() }}) as rejection_reason,
    cast(null as {{ dbt.type_string() }}) as awaiting_delivery_code
  from {{ ref('stg_dynamics365__proforma_invoices') }} as proformas
  left join {{ ref('stg_dynamics365__project_invoices') }} as posted
    on proformas.proforma_invoice_id = posted.proforma_invoice_id
  left join {{ ref('stg_dynamics365__accounts') }} as accounts
    on proformas.account_id = accounts.account_id
  left join {{ ref('stg_dynamics365__currencies') }} as currencies
    on proformas.currency_id = currencies.currency_id
  where posted.invoice_number is null

  union all

  select
    company || '-' || free_text_number as source_id,
    cast(null as {{ dbt.type_timestamp() }}) as updated_at,
    is_deleted,
    company,
    coalesce(invoice_number, free_text_number) as invoice_number,
    case when correction_code = 'Yes' then 'credit_memo' else 'invoice' end as invoice_type,
    customer_account,
    currency_code,
    case posted_code
      when 'Yes' then 'posted'
      when 'No' then 'draft'
      else 'unknown'
    end as status,
    coalesce(document_date, invoice_date) as issue_date,
    case when posted_code = 'Yes' then invoice_date end as posted_date,
    sent_date,
    due_date,
    corrected_invoice_number,
    reason_code,
    tax_amount,
    rejected_date,
    rejection_reason,
    awaiting_delivery_code
  from {{ ref('stg_dynamics365__free_text_invoices') }}
),

line_totals as (
  select
    invoice_source_id,
    sum(net_amount) as net_amount
  from {{ ref('map_dynamics365__invoice_line') }}
  where not is_deleted
  group by invoice_source_id
),

-- Customers of a proforma, which has no company of its own.
first_customers as (
  select
    customer_account,
    min(company || '-' || customer_account) as customer_source_id
  from {{ ref('stg_dynamics365__customers') }}
  where not is_deleted
  group by customer_account
)

select
  documents.source_id,
  documents.updated_at as source_updated_at,
  documents.is_deleted,
  documents.invoice_number,
  documents.invoice_type,
  coalesce(documents.company || '-' || documents.customer_account, first_customers.customer_source_id) as customer_source_id,
  documents.company as legal_entity_source_id,
  documents.currency_code as currency,
  documents.status,
  documents.issue_date,
  documents.posted_date,
  documents.sent_date,
  documents.due_date,
  case when documents.invoice_type = 'credit_memo' then originals.source_id end as original_invoice_source_id,
  documents.reason_code,
  cast(coalesce(line_totals.net_amount, 0) as decimal(18, 4)) as net_amount,
  cast(coalesce(documents.tax_amount, 0) as decimal(18, 4)) as tax_amount,
  cast(coalesce(line_totals.net_amount, 0) + coalesce(documents.tax_amount, 0) as decimal(18, 4)) as gross_amount,
  documents.rejected_date,
  documents.rejection_reason,
  documents.awaiting_delivery_code = 'Yes' as is_awaiting_sending
from documents
left join documents as originals
  on
    documents.company = originals.company
    and documents.corrected_invoice_number = originals.invoice_number
    and originals.status = 'posted'
left join line_totals
  on documents.source_id = line_totals.invoice_source_id
left join first_customers
  on documents.customer_account = first_customers.customer_account
