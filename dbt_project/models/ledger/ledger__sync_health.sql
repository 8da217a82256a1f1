-- The last attempt to carry each record to each system; only what is still not there after its SLA is unsynced.
with attempts as (
  select
    event.*,
    -- What failed before the last success has been repaired.
    max(case when event.status = 'succeeded' then event.occurred_at end) over (
      partition by event.record_type, event.record_ref, event.to_domain
    ) as last_succeeded_at
  from {{ ref('sync_event') }} as event
  where not event.is_deleted and event.occurred_at < {{ as_of_moment() }}
),

ranked as (
  select
    event.*,
    row_number() over (
      partition by event.record_type, event.record_ref, event.to_domain
      order by event.occurred_at desc nulls last, event.attempt desc nulls last, event.sync_event_id desc nulls last
    ) as newest_rank,
    sum(
      case
        when event.status <> 'succeeded' and coalesce(event.occurred_at > event.last_succeeded_at, true) then 1
        else 0
      end
    ) over (
      partition by event.record_type, event.record_ref, event.to_domain
    ) as failed_count,
    min(
      case
        when event.status <> 'succeeded' and coalesce(event.occurred_at > event.last_succeeded_at, true) then event.occurred_at
      end
    ) over (
      partition by event.record_type, event.record_ref, event.to_domain
    ) as first_failed_at
  from attempts as event
)

select
  record_type || '|' || record_ref || '|' || to_domain as sync_record_id,
  record_type,
  record_ref,
  from_domain,
  to_domain,
  status,
  error_class,
  is_transient,
  attempt,
  occurred_at as last_attempt_at,
  first_failed_at,
  cast(failed_count as int) as failed_count,
  status <> 'succeeded' as is_open,
  status <> 'succeeded'
  and {{ dbt.datediff('first_failed_at', as_of_moment(), 'hour') }} > {{ global_policy('sync_sla') }} as is_past_sla,
  source_system,
  source_id
from ranked
where newest_rank = 1
