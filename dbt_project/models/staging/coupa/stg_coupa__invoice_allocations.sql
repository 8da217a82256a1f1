{%- set segment = '$."' ~ var('coupa_project_segment', 'segment-3') ~ '"' -%}

select
  cast(id as {{ dbt.type_string() }}) as allocation_id,
  cast(invoice_line_id as {{ dbt.type_string() }}) as invoice_line_id,
  cast(pct as decimal(18, 10)) as percentage,
  cast(amount as decimal(18, 4)) as allocated_amount,
  {{ json_text('account', segment) }} as project_code,
  is_tombstoned as is_deleted
from ({{ latest_version('coupa', 'invoice_allocations', 'id') }}) as latest
