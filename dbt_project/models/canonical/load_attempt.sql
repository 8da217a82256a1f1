-- When a system was read, by what was known: the time of a load is the run's, not the business date's.
select
  load_attempt_id,
  source_system,
  started_at,
  ended_at,
  status,
  error_class,
  is_transient,
  detail,
  row_number() over (
    partition by source_system order by started_at desc nulls last, load_attempt_id desc nulls last
  ) = 1 as is_latest
from {{ source('control', 'load_attempt') }}
where {{ known_by_then('ended_at') }}
