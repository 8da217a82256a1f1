{# An amount held between two bounds. #}
{% macro clamped(amount, low, high) -%}
  greatest({{ low }}, least({{ amount }}, {{ high }}))
{%- endmacro %}

{#
  CTEs that measure what became of the money of findings that were seen before; nothing is taken for recovered because a
  finding is gone. They read the events of a CTE or relation, whose name is the argument. The last two are

  shares: the part of each settlement (an invoice line, or a payment of an invoice) that recovered a finding's money;
  tracked: one row per finding of the log: its state after the latest event, what was found at most, less what other findings
    took over (found_amount), what is open now (amount_now), and what was recovered as of now (recovered_now_amount).

  The settlements of a subject since its first finding lie end to end on a line, the oldest first. A finding covers a stretch
  of the line: as long as its money that is no longer open (settled_need), starting behind what had been settled when it was
  opened, and behind the stretches of the findings that were opened before it. Credits shorten the line again.
#}
{% macro measured_recoveries(log) %}
latest as (
  select
    events.*,
    row_number() over (partition by events.finding_id order by events.event_number desc nulls last) as recency
  from {{ log }} as events
),

logged as (
  select
    finding_id,
    min(case when event_type = 'opened' then found_date end) as found_date,
    min(case when event_type = 'opened' then as_of_date end) as opened_date,
    min(case when event_type = 'opened' then settled_amount end) as settled_before_amount,
    max(coalesce(open_amount, 0) + recovered_to_date_amount) as peak_amount,
    sum(moved_amount) as moved_amount
  from {{ log }}
  group by finding_id
),

known as (
  select
    latest.*,
    logged.opened_date,
    min(logged.found_date) over (partition by latest.subject_id, latest.currency) as origin_date,
    logged.settled_before_amount,
    cast(greatest(
      coalesce(latest.open_amount, 0) + latest.recovered_to_date_amount, logged.peak_amount - logged.moved_amount
    ) as decimal(18, 4)) as found_amount,
    found.finding_id is not null as is_detected,
    case when found.finding_id is not null then found.amount else 0 end as amount_now,
    -- A log from before there was a rollout policy was live.
    coalesce(found.is_live, latest.is_live, true) as is_live_now
  from latest
  inner join logged on latest.finding_id = logged.finding_id
  left join {{ ref('leakage__detected') }} as found on latest.finding_id = found.finding_id
  where latest.recency = 1
),

needs as (
  select
    known.*,
    case
      when known.verdict in ('at_risk', 'confirmed_loss') and not known.is_estimate
        then greatest(0, coalesce(known.found_amount - known.amount_now, 0))
      else 0
    end as settled_need
  from known
),

ordered_needs as (
  select
    needs.*,
    coalesce(
      sum(settled_need) over (
        partition by subject_id, currency
        order by opened_date asc nulls last, finding_id asc nulls last
        rows between unbounded preceding and 1 preceding
      ),
      0
    ) as needed_before_amount
  from needs
),

stretches as (
  select
    ordered_needs.*,
    needed_before_amount + max(coalesce(settled_before_amount, 0) - needed_before_amount) over (
      partition by subject_id, currency
      order by opened_date asc nulls last, finding_id asc nulls last
      rows between unbounded preceding and current row
    ) as starts_at
  from ordered_needs
),

settled as (
  select
    stretch.finding_id,
    stretch.starts_at,
    stretch.settled_need,
    settlement.settlement_id,
    settlement.amount,
    sum(settlement.amount) over (
      partition by stretch.finding_id
      order by settlement.settled_date asc nulls last, settlement.settlement_id asc nulls last
      rows between unbounded preceding and current row
    ) as running_amount
  from stretches as stretch
  inner join {{ ref('leakage__settlements') }} as settlement
    on
      stretch.subject_id = settlement.subject_id
      and stretch.currency = settlement.currency
      and settlement.settled_date >= stretch.origin_date
  where stretch.settled_need > 0
),

shares as (
  select
    finding_id,
    settlement_id,
    cast(
      {{ clamped('running_amount - starts_at', '0', 'settled_need') }}
      - {{ clamped('running_amount - amount - starts_at', '0', 'settled_need') }}
      as decimal(18, 4)
    ) as amount
  from settled
),

recovered as (
  select
    finding_id,
    cast(sum(amount) as decimal(18, 4)) as amount
  from shares
  group by finding_id
),

tracked as (
  select
    stretches.*,
    coalesce(recovered.amount, 0) as recovered_now_amount
  from stretches
  left join recovered on stretches.finding_id = recovered.finding_id
)
{%- endmacro %}

{# The log of finding events before its first run: no row, all columns with their types. #}
{% macro empty_finding_events() %}
  {%- set text, money, int = dbt.type_string(), 'decimal(18, 4)', dbt.type_int() -%}
  {%- set types = {
    'finding_event_id': text, 'finding_id': text, 'event_number': int, 'event_type': text, 'as_of_date': 'date',
    'recorded_at': dbt.type_timestamp(), 'detector_id': text, 'category': text, 'verdict': text, 'subject_id': text,
    'owner': text, 'amount': money, 'open_amount': money, 'recovered_to_date_amount': money, 'moved_amount': money,
    'settled_amount': money, 'currency': text, 'found_date': 'date', 'occurred_date': 'date', 'expected_date': 'date',
    'is_estimate': 'boolean', 'is_live': 'boolean', 'is_open': 'boolean', 'is_expired': 'boolean', 'reason': text, 'decision_id': text,
    'decided_by': text} -%}
  select
    {% for column, type in types.items() %}
    cast(null as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  where 1 = 0
{% endmacro %}

{# The log up to the business date: a look back does not know what happened later. #}
{% macro finding_events_by_as_of() %}
  select *
  from {{ ref('leakage__finding_events') }}
  where as_of_date <= {{ as_of_date() }}
{% endmacro %}
