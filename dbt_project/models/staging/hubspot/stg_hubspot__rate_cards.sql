select
  id as rate_card_id,
  properties__name as name,
  properties__scope as scope,
  properties__currency_code as currency_code,
  created_at,
  updated_at,
  coalesce(archived, false) or is_tombstoned as is_deleted
from ({{ latest_version('hubspot', 'rate_card', 'id') }}) as latest
