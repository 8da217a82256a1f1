select
  posting_id,
  contract_line_ref,
  item_type as item_type_code,
  item_ref,
  cast(amount as decimal(18, 4)) as amount,
  currency,
  posted_date,
  book,
  cast(file_stamp as {{ dbt.type_timestamp() }}) as exported_at,
  file_name,
  row_number,
  is_tombstoned as is_deleted
from ({{ latest_version('files', 'wip_postings', 'posting_id') }}) as latest
