{%- set segment = '$."' ~ var('coupa_project_segment', 'segment-3') ~ '"' -%}
{%- set billable = '$."' ~ var('coupa_billable_field', 'billable-to-client') ~ '"' -%}
{%- set service_from = '$."' ~ var('coupa_service_from_field', 'service-start-date') ~ '"' -%}
{%- set service_to = '$."' ~ var('coupa_service_to_field', 'service-end-date') ~ '"' -%}

select
  cast(id as {{ dbt.type_string() }}) as invoice_line_id,
  cast(invoice_id as {{ dbt.type_string() }}) as invoice_id,
  line_num as line_number,
  description,
  cast(total as decimal(18, 4)) as total_amount,
  po_number as purchase_order_number,
  cast(order_line_id as {{ dbt.type_string() }}) as purchase_order_line_id,
  {{ json_text('account', segment) }} as project_code,
  -- Custom fields of an older make stand beside the object's own instead of under custom-fields.
  lower(coalesce({{ json_text('custom_fields', billable) }}, {{ json_text('_extra', billable) }})) in ('true', 'yes', '1')
    as is_billable,
  {{ dbt.safe_cast(
    'substring(coalesce(' ~ json_text('custom_fields', service_from) ~ ', ' ~ json_text('_extra', service_from) ~ '), 1, 10)',
    'date'
  ) }} as service_from_date,
  {{ dbt.safe_cast(
    'substring(coalesce(' ~ json_text('custom_fields', service_to) ~ ', ' ~ json_text('_extra', service_to) ~ '), 1, 10)',
    'date'
  ) }} as service_to_date,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('coupa', 'invoice_lines', 'id') }}) as latest
