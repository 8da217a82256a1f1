select
  link_id,
  line_id,
  item_type as item_type_code,
  item_ref,
  cast(quantity as decimal(18, 6)) as quantity,
  cast(amount as decimal(18, 4)) as amount,
  currency,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'billing_links', 'link_id') }}) as latest
