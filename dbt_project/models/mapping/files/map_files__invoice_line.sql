select
  lines.line_id as source_id,
  lines.exported_at as source_updated_at,
  -- A document that is gone takes its lines with it, whether their own export says so or not.
  lines.is_deleted or coalesce(documents.is_deleted, false) as is_deleted,
  lines.document_id as invoice_source_id,
  lines.contract_line_ref,
  -- A project that the ledger knows by its own number alone is found by that.
  coalesce(lines.project_ref, lines.project_code) as project_ref,
  lines.resource_email as resource_ref,
  lines.description,
  cast(lines.quantity as decimal(9, 4)) as quantity,
  lines.unit_price,
  lines.net_amount,
  lines.currency,
  lines.service_from_date,
  lines.service_to_date,
  case lines.product_code
    when 'RETENTION' then 'retainage'
    when 'RETENTION-R' then 'retainage_release'
    when 'MIN-VOLUME' then 'true_up'
    when 'PREPAYMENT' then 'retainer'
    when 'INTEREST' then 'late_fee'
    else 'items'
  end as line_type
from {{ ref('stg_files__invoice_lines') }} as lines
left join {{ ref('stg_files__invoices') }} as documents
  on lines.document_id = documents.document_id
