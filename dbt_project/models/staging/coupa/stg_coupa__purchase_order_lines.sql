{%- set segment = '$."' ~ var('coupa_project_segment', 'segment-3') ~ '"' -%}
{%- set billable = '$."' ~ var('coupa_billable_field', 'billable-to-client') ~ '"' -%}

select
  cast(id as {{ dbt.type_string() }}) as purchase_order_line_id,
  cast(purchase_order_id as {{ dbt.type_string() }}) as purchase_order_id,
  line_num as line_number,
  description,
  cast(total as decimal(18, 4)) as total_amount,
  {{ json_text('account', segment) }} as project_code,
  -- Custom fields of an older make stand beside the object's own instead of under custom-fields.
  lower(coalesce({{ json_text('custom_fields', billable) }}, {{ json_text('_extra', billable) }})) in ('true', 'yes', '1')
    as is_billable,
  cast(updated_at as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('coupa', 'purchase_order_lines', 'id') }}) as latest
