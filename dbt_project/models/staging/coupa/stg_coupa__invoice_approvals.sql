select
  cast(id as {{ dbt.type_string() }}) as approval_id,
  cast(invoice_id as {{ dbt.type_string() }}) as invoice_id,
  position as approval_position,
  status,
  cast(approval_date as {{ dbt.type_timestamp() }}) as approved_at,
  is_tombstoned as is_deleted
from ({{ latest_version('coupa', 'invoice_approvals', 'id') }}) as latest
