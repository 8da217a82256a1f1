{%- set project = var('concur_allocation_project_field', 'custom1') -%}

select
  id as allocation_id,
  report_id,
  entry_id,
  {{ dbt.safe_cast('percentage', 'decimal(11, 8)') }} as percentage,
  coalesce(is_hidden, false) as is_hidden,
  coalesce({{ json_text(project, '$.Code') }}, {{ json_text(project, '$.Value') }}) as project_code,
  is_tombstoned as is_deleted
from ({{ latest_version('concur', 'allocations', 'id') }}) as latest
