{%- set project = var('concur_project_field', 'custom1') -%}
{%- set tax = var('concur_tax_field', 'custom2') -%}
{%- set recoverable_tax = var('concur_recoverable_tax_field', 'custom3') -%}
{%- set receipt = var('concur_receipt_field', 'custom4') -%}

select
  id as itemization_id,
  entry_id,
  report_id,
  report_owner_id as owner_login,
  expense_type_code,
  expense_type_name,
  cast(transaction_date as date) as transaction_date,
  cast(transaction_amount as decimal(18, 4)) as transaction_amount,
  cast(posted_amount as decimal(18, 4)) as posted_amount,
  cast(approved_amount as decimal(18, 4)) as approved_amount,
  is_billable,
  is_personal,
  allocation_type,
  -- List fields carry the key in Code and a name in Value; text fields have a Value alone.
  coalesce({{ json_text(project, '$.Code') }}, {{ json_text(project, '$.Value') }}) as project_code,
  {{ dbt.safe_cast(json_text(tax, '$.Value'), 'decimal(18, 4)') }} as tax_amount,
  {{ dbt.safe_cast(json_text(recoverable_tax, '$.Value'), 'decimal(18, 4)') }} as recoverable_tax_amount,
  {{ json_text(receipt, '$.Value') }} as receipt_ref,
  cast(last_modified as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('concur', 'itemizations', 'id') }}) as latest
