select
  id as dispute_id,
  invoice as transaction_id,
  invoice_line as line_key,
  currency as currency_id,
  reason as reason_code,
  cast(opened as date) as opened_date,
  cast(resolved as date) as resolved_date,
  cast(amount as decimal(18, 4)) as amount,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'dispute', 'id') }}) as latest
