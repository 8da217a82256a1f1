select
  pipeline_id || '/' || id as deal_stage_id,
  pipeline_id,
  pipeline_label,
  id as stage_id,
  label,
  {{ hubspot_bool('metadata__is_closed') }} as is_closed,
  metadata__probability as probability,
  display_order,
  updated_at,
  coalesce(archived, false) or is_tombstoned as is_deleted
from ({{ latest_version('hubspot', 'deal_stage', ['pipeline_id', 'id']) }}) as latest
