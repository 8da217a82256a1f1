{{ config(
  materialized='incremental', incremental_strategy='append', on_schema_change='append_new_columns', full_refresh=false,
  pre_hook="{% if is_incremental() %}alter table {{ this }} add column if not exists is_live boolean{% endif %}"
) }}
{%- set moved_before -%}
coalesce(
  sum(decreases.amount) over (
    partition by decreases.subject_id, decreases.currency
    order by decreases.opened_date asc nulls last, decreases.finding_id asc nulls last
    rows between unbounded preceding and 1 preceding
  ), 0
)
{%- endset -%}
{#
  What happened to each finding, one run after the other: the state of the log is compared with what the detectors find now, so
  a second run on the same data has nothing to say. An earlier business date than the log's latest adds nothing either.
#}
{% set columns = ['finding_event_id', 'finding_id', 'event_number', 'event_type', 'as_of_date', 'recorded_at', 'detector_id',
  'category', 'verdict', 'subject_id', 'owner', 'amount', 'open_amount', 'recovered_to_date_amount',
  'moved_amount', 'settled_amount', 'currency', 'found_date', 'occurred_date', 'expected_date', 'is_estimate', 'is_live',
  'is_open', 'is_expired', 'reason', 'decision_id', 'decided_by'] %}
with log as (
  {% if is_incremental() %}
  select {{ columns | join(', ') }}
  from {{ this }}
  {% else %}
  {{ empty_finding_events() }}
  {% endif %}
),

clock as (
  select
    max(as_of_date) as latest_date,
    max(recorded_at) as latest_at
  from log
),

{{ measured_recoveries('log') }},

detected as (
  select
    found.*,
    found.verdict in ('at_risk', 'confirmed_loss') and not found.is_estimate as is_money,
    found.verdict = 'confirmed_loss' or coalesce(found.recovery_deadline < {{ as_of_date() }}, false) as is_expired
  from {{ ref('leakage__detected') }} as found
),

-- A rule that is off or blind, and an item that cannot be judged today, say nothing: the finding stays as it was.
blind_detectors as (
  select distinct inputs.detector_id
  from {{ ref('detector_inputs') }} as inputs
  left join {{ ref('feed_status') }} as feed on inputs.domain = feed.source_domain
  where feed.source_domain is null
),

watched as (
  select
    tracked.*,
    coalesce(item.reason, item.verdict) as item_reason,
    detector.detector_id is not null
    and blind.detector_id is null
    and coalesce(item.verdict, 'billed') <> 'indeterminate' as is_judged
  from tracked
  left join {{ ref('detectors') }} as detector on tracked.detector_id = detector.detector_id and detector.is_enabled
  left join blind_detectors as blind on tracked.detector_id = blind.detector_id
  left join {{ ref('ledger__items') }} as item on tracked.subject_id = item.item_id
),

compared as (
  select
    finding_id,
    event_number,
    is_open as was_open,
    is_expired as was_expired,
    verdict as verdict_before,
    subject_id,
    currency,
    found_date,
    opened_date,
    is_detected,
    is_judged,
    amount_now,
    item_reason,
    recovered_now_amount,
    cast(recovered_now_amount - recovered_to_date_amount as decimal(18, 4)) as recovered_amount,
    -- What would be open if recoveries were all that happened.
    cast(case
      when is_open or is_detected then coalesce(open_amount, 0) - (recovered_now_amount - recovered_to_date_amount)
      else 0
    end as decimal(18, 4)) as left_amount,
    open_amount is null as was_unknown,
    verdict in ('at_risk', 'confirmed_loss') and not is_estimate as is_money
  from watched
),

-- Money that one finding about a subject gives up and another takes over was found once.
increases as (
  select
    found.subject_id,
    found.currency,
    sum(greatest(0, coalesce(found.amount, 0) - coalesce(compared.left_amount, 0))) as amount,
    min(found.category) as category
  from detected as found
  left join compared on found.finding_id = compared.finding_id
  where found.is_money and greatest(0, coalesce(found.amount, 0) - coalesce(compared.left_amount, 0)) > 0
  group by found.subject_id, found.currency
),

decreases as (
  select
    compared.finding_id,
    compared.subject_id,
    compared.currency,
    compared.found_date,
    compared.opened_date,
    compared.left_amount - coalesce(compared.amount_now, 0) as amount
  from compared
  where
    compared.is_money
    and compared.was_open
    and (compared.is_detected or compared.is_judged)
    and compared.left_amount > coalesce(compared.amount_now, 0)
),

moves as (
  select
    decreases.finding_id,
    decreases.subject_id,
    decreases.currency,
    decreases.found_date,
    increases.category as moved_to_category,
    cast({{ clamped(
      'increases.amount - ' ~ moved_before,
      '0', 'decreases.amount'
    ) }} as decimal(18, 4)) as moved_amount
  from decreases
  inner join increases on decreases.subject_id = increases.subject_id and decreases.currency = increases.currency
),

origins as (
  select
    subject_id,
    currency,
    min(found_date) as found_date
  from moves
  where moved_amount > 0
  group by subject_id, currency
),

-- The state of each finding after this run beside the one before it.
states as (
  select
    compared.*,
    coalesce(moves.moved_amount, 0) as moved_amount,
    moves.moved_to_category,
    case
      when not compared.is_detected and not (compared.was_open and compared.is_judged) then null
      when not compared.is_detected and compared.recovered_amount > 0 and compared.left_amount = 0 then null
      when not compared.is_detected and coalesce(moves.moved_amount, 0) > 0 and moves.moved_amount = compared.left_amount
        then 'changed'
      when not compared.is_detected then 'corrected'
      when not compared.was_open then 'reopened'
      when found.is_expired and not compared.was_expired then 'expired'
      when
        found.verdict <> compared.verdict_before
        or found.is_expired <> compared.was_expired
        or (found.amount is null) <> compared.was_unknown
        or coalesce(found.amount, 0) <> compared.left_amount
        then 'changed'
    end as state_event
  from compared
  left join moves on compared.finding_id = moves.finding_id
  left join detected as found on compared.finding_id = found.finding_id
),

happened as (
  select
    found.finding_id,
    0 as event_number,
    2 as step,
    'opened' as event_type,
    found.amount,
    found.amount as open_amount,
    cast(0 as decimal(18, 4)) as recovered_to_date_amount,
    cast(0 as decimal(18, 4)) as moved_amount,
    coalesce(origins.found_date, {{ as_of_date() }}) as found_date,
    true as is_open,
    found.reason,
    cast(null as {{ dbt.type_string() }}) as decision_id,
    cast(null as {{ dbt.type_string() }}) as decided_by
  from detected as found
  left join log on found.finding_id = log.finding_id and log.event_type = 'opened'
  left join origins
    on found.subject_id = origins.subject_id and found.currency = origins.currency and found.is_money
  where log.finding_id is null
  union all
  select
    finding_id,
    event_number,
    1 as step,
    'recovered' as event_type,
    recovered_amount as amount,
    left_amount as open_amount,
    recovered_now_amount as recovered_to_date_amount,
    cast(0 as decimal(18, 4)) as moved_amount,
    found_date,
    is_detected or state_event is not null or (was_open and not is_judged) as is_open,
    case when recovered_amount > 0 then 'billed or paid since' else 'credited again' end as reason,
    cast(null as {{ dbt.type_string() }}) as decision_id,
    cast(null as {{ dbt.type_string() }}) as decided_by
  from states
  where recovered_amount <> 0
  union all
  select
    finding_id,
    event_number,
    2 as step,
    state_event as event_type,
    cast(coalesce(amount_now, 0) - left_amount as decimal(18, 4)) as amount,
    amount_now as open_amount,
    recovered_now_amount as recovered_to_date_amount,
    moved_amount,
    found_date,
    is_detected as is_open,
    case
      when moved_amount > 0 then 'claimed as ' || moved_to_category
      when state_event = 'corrected' then item_reason
    end as reason,
    cast(null as {{ dbt.type_string() }}) as decision_id,
    cast(null as {{ dbt.type_string() }}) as decided_by
  from states
  where state_event is not null
),

-- Decisions come after what the data says, with the state that this leaves.
after as (
  select
    happened.*,
    row_number() over (partition by happened.finding_id order by happened.step desc nulls last) as recency
  from happened
),

decided as (
  select
    decision.finding_id,
    decision.decision,
    decision.decided_at,
    decision.amount,
    decision.reason,
    decision.decision_id,
    decision.decided_by,
    coalesce(after.open_amount, latest.open_amount) as open_amount,
    coalesce(after.recovered_to_date_amount, latest.recovered_to_date_amount) as recovered_to_date_amount,
    coalesce(after.found_date, latest.found_date) as found_date,
    coalesce(after.is_open, latest.is_open) as is_open,
    coalesce(latest.event_number, 0) as event_number
  from {{ ref('finding_decision') }} as decision
  left join log on decision.decision_id = log.decision_id
  left join after on decision.finding_id = after.finding_id and after.recency = 1
  left join latest on decision.finding_id = latest.finding_id and latest.recency = 1
  where log.decision_id is null and (after.finding_id is not null or latest.finding_id is not null)
),

events as (
  select
    happened.*,
    cast(null as {{ dbt.type_timestamp() }}) as decided_at
  from happened
  union all
  select
    finding_id,
    event_number,
    3 as step,
    decision as event_type,
    amount,
    open_amount,
    recovered_to_date_amount,
    cast(0 as decimal(18, 4)) as moved_amount,
    found_date,
    is_open,
    reason,
    decision_id,
    decided_by,
    decided_at
  from decided
),

numbered as (
  select
    events.*,
    cast(events.event_number + row_number() over (
      partition by events.finding_id
      order by events.step asc nulls last, events.decided_at asc nulls first, events.decision_id asc nulls first
    ) as int) as new_number
  from events
),

-- What had been settled since the subject's first finding, so that nothing is recovered twice.
settled_by_now as (
  select
    numbered.finding_id,
    cast(sum(settlement.amount) as decimal(18, 4)) as amount
  from numbered
  inner join detected as found on numbered.finding_id = found.finding_id
  left join (
    select
      subject_id,
      currency,
      min(found_date) as origin_date
    from log
    where event_type = 'opened'
    group by subject_id, currency
  ) as origin
    on found.subject_id = origin.subject_id and found.currency = origin.currency
  inner join {{ ref('leakage__settlements') }} as settlement
    on
      found.subject_id = settlement.subject_id
      and found.currency = settlement.currency
      and settlement.settled_date >= least(coalesce(origin.origin_date, numbered.found_date), numbered.found_date)
  where numbered.event_type = 'opened'
  group by numbered.finding_id
)

select
  {{ dbt.hash("numbered.finding_id || '|' || cast(numbered.new_number as " ~ dbt.type_string() ~ ")") }} as finding_event_id,
  numbered.finding_id,
  numbered.new_number as event_number,
  numbered.event_type,
  {{ as_of_date() }} as as_of_date,
  {{ run_moment() }} as recorded_at,
  coalesce(found.detector_id, latest.detector_id) as detector_id,
  coalesce(found.category, latest.category) as category,
  coalesce(found.verdict, latest.verdict) as verdict,
  coalesce(found.subject_id, latest.subject_id) as subject_id,
  coalesce(found.owner, latest.owner) as owner,
  numbered.amount,
  numbered.open_amount,
  cast(numbered.recovered_to_date_amount as decimal(18, 4)) as recovered_to_date_amount,
  cast(numbered.moved_amount as decimal(18, 4)) as moved_amount,
  case when numbered.event_type = 'opened' then coalesce(settled_by_now.amount, 0) end as settled_amount,
  coalesce(found.currency, latest.currency) as currency,
  numbered.found_date,
  coalesce(found.occurred_date, latest.occurred_date) as occurred_date,
  coalesce(found.expected_date, latest.expected_date) as expected_date,
  coalesce(found.is_estimate, latest.is_estimate) as is_estimate,
  coalesce(found.is_live, latest.is_live, true) as is_live,
  numbered.is_open,
  coalesce(found.is_expired, latest.is_expired) as is_expired,
  numbered.reason,
  numbered.decision_id,
  numbered.decided_by
from numbered
cross join clock
left join detected as found on numbered.finding_id = found.finding_id
left join latest on numbered.finding_id = latest.finding_id and latest.recency = 1
left join settled_by_now on numbered.finding_id = settled_by_now.finding_id
where
  {{ as_of_date() }} >= coalesce(clock.latest_date, {{ as_of_date() }})
  and {{ run_moment() }} >= coalesce(clock.latest_at, {{ run_moment() }})
