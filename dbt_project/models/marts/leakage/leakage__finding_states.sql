-- Every finding that was ever seen, with what became of it and of its money.
with log as (
  {{ finding_events_by_as_of() }}
),

{{ measured_recoveries('log') }},

opened as (
  select
    finding_id,
    recorded_at as first_seen_at,
    occurred_date,
    expected_date
  from log
  where event_type = 'opened'
),

decisions as (
  select
    finding_id,
    event_type as decision,
    reason,
    decided_by,
    as_of_date as decided_date,
    amount,
    row_number() over (partition by finding_id order by event_number desc nulls last) as recency
  from log
  where event_type in ('accepted', 'rejected')
),

reviewed as (
  select
    tracked.*,
    opened.first_seen_at,
    opened.occurred_date as first_occurred_date,
    opened.expected_date as first_expected_date,
    decision.decision,
    decision.reason as decision_reason,
    decision.decided_by as decision_by,
    decision.decided_date,
    decision.amount as decided_amount,
    case
      when tracked.is_detected then tracked.amount_now
      when tracked.is_open then tracked.open_amount
      else cast(0 as decimal(18, 4))
    end as still_open_amount
  from tracked
  inner join opened on tracked.finding_id = opened.finding_id
  left join decisions as decision on tracked.finding_id = decision.finding_id and decision.recency = 1
)

select
  finding_id,
  detector_id,
  category,
  verdict,
  subject_id,
  owner,
  case
    when is_open then coalesce(decision, 'open')
    when recovered_now_amount > 0 then 'recovered'
    when found_amount = 0 and moved_amount > 0 then 'superseded'
    else 'corrected'
  end as status,
  is_open,
  is_expired,
  decision,
  decision_reason,
  decision_by as decided_by,
  decided_date,
  first_seen_at,
  found_date,
  opened_date,
  case when not is_open then as_of_date end as closed_date,
  first_occurred_date as occurred_date,
  first_expected_date as expected_date,
  cast({{ dbt.datediff('first_occurred_date', 'opened_date', 'day') }} as {{ dbt.type_int() }}) as detection_lag_days,
  case when still_open_amount is not null then found_amount end as found_amount,
  case when decision = 'accepted' then decided_amount end as accepted_amount,
  recovered_now_amount as recovered_amount,
  still_open_amount as open_amount,
  cast(found_amount - recovered_now_amount - still_open_amount as decimal(18, 4)) as corrected_amount,
  currency,
  is_live_now as is_live,
  verdict in ('at_risk', 'confirmed_loss')
  and not is_estimate
  and is_live_now
  and coalesce(decision, 'open') <> 'rejected' as is_counted
from reviewed
