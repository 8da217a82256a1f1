select
  {{ entity_id('source.source_system', 'source.source_id') }} as sync_event_id,
  source.record_type,
  source.record_ref,
  source.from_domain,
  source.to_domain,
  source.attempt,
  source.status,
  source.error_class,
  coalesce(source.is_transient, false) as is_transient,
  source.occurred_at,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from ({{ union_mapped('sync_event') }}) as source
