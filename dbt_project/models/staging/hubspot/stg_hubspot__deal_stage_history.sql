select
  deal_id || '/' || stage_id || '/' || cast(entered_at as {{ dbt.type_string() }}) as deal_stage_history_id,
  deal_id,
  stage_id,
  entered_at,
  source_type,
  source_id,
  is_tombstoned as is_deleted
from ({{ latest_version('hubspot', 'deal_stage_history', ['deal_id', 'entered_at', 'stage_id']) }}) as latest
