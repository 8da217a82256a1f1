select
  id as change_order_id,
  properties__name as name,
  properties__co_status as status,
  properties__requested_date as requested_date,
  properties__approved_date as approved_date,
  properties__effective_date as effective_date,
  properties__amount as amount,
  properties__cap_change as cap_change,
  properties__expiration_date as expiration_date,
  properties__currency_code as currency_code,
  created_at,
  updated_at,
  coalesce(archived, false) or is_tombstoned as is_deleted
from ({{ latest_version('hubspot', 'change_order', 'id') }}) as latest
