{% set slash = dbt.position("'/'", 'subject') %}
select
  {{ dbt.hash("source || '|' || event_id") }} as event_received_id,
  source as source_system,
  event_id as source_event_id,
  type as event_type,
  case when {{ slash }} > 1 then substr(subject, 1, {{ slash }} - 1) end as record_type,
  case when {{ slash }} > 0 then substr(subject, {{ slash }} + 1) end as record_source_id,
  cast(occurred_at as {{ dbt.type_timestamp() }}) as occurred_at,
  cast(received_at as {{ dbt.type_timestamp() }}) as received_at,
  correlation_id,
  quarantine_reason
from ({{ latest_version('events', 'event', ['source', 'event_id']) }}) as received
