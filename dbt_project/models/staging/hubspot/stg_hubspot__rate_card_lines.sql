select
  id as rate_card_line_id,
  properties__name as name,
  properties__role as role,
  properties__resource_email as resource_email,
  properties__hourly_rate as hourly_rate,
  properties__valid_from as valid_from_date,
  properties__valid_to as valid_to_date,
  created_at,
  updated_at,
  coalesce(archived, false) or is_tombstoned as is_deleted
from ({{ latest_version('hubspot', 'rate_card_line', 'id') }}) as latest
