{%- set sent_back_at = var('concur_sent_back_at_field', 'custom19') -%}
{%- set sent_back_reason = var('concur_sent_back_reason_field', 'custom20') -%}

select
  id as report_id,
  name as report_name,
  owner_login_id as owner_login,
  currency_code as report_currency,
  cast(total as decimal(18, 4)) as total_amount,
  approval_status_code,
  payment_status_code,
  ever_sent_back as was_sent_back,
  last_comment,
  {{ dbt.safe_cast(json_text(sent_back_at, '$.Value'), dbt.type_timestamp()) }} as sent_back_at,
  -- List fields carry the key in Code and a name in Value; text fields have a Value alone.
  coalesce({{ json_text(sent_back_reason, '$.Code') }}, {{ json_text(sent_back_reason, '$.Value') }}) as sent_back_reason,
  cast(create_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(submit_date as {{ dbt.type_timestamp() }}) as submitted_at,
  cast(processing_payment_date as {{ dbt.type_timestamp() }}) as processing_payment_at,
  cast(paid_date as {{ dbt.type_timestamp() }}) as paid_at,
  cast(last_modified_date as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('concur', 'reports', 'id') }}) as latest
