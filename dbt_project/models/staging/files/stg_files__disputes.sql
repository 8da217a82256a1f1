select
  dispute_id,
  document_id,
  line_id,
  cast(amount as decimal(18, 4)) as amount,
  currency,
  reason_code,
  opened_date,
  resolved_date,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'disputes', 'dispute_id') }}) as latest
