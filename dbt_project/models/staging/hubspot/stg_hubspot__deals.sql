select
  id as deal_id,
  properties__dealname as name,
  properties__dealstage as stage_id,
  properties__pipeline as pipeline_id,
  properties__amount as amount,
  properties__deal_currency_code as currency_code,
  properties__closedate as entered_close_at,
  properties__hubspot_owner_id as owner_id,
  created_at,
  updated_at,
  coalesce(archived, false) or is_tombstoned as is_deleted
from ({{ latest_version('hubspot', 'deal', 'id') }}) as latest
