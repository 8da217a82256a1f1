select
  document_id as source_id,
  exported_at as source_updated_at,
  is_deleted,
  document_number as invoice_number,
  case document_type_code
    when 'RE' then 'invoice'
    when 'GU' then 'credit_memo'
    else 'unknown'
  end as invoice_type,
  customer_no as customer_source_id,
  entity_code as legal_entity_source_id,
  currency,
  case status_code
    when 'E' then 'draft'
    when 'G' then 'posted'
    when 'S' then 'voided'
    else 'unknown'
  end as status,
  issue_date,
  posted_date,
  sent_date,
  due_date,
  original_document_id as original_invoice_source_id,
  reason_code,
  net_amount,
  tax_amount,
  gross_amount,
  rejected_date,
  rejection_reason,
  case delivery_status_code
    when 'O' then true
    when 'V' then false
  end as is_awaiting_sending
from {{ ref('stg_files__invoices') }}
