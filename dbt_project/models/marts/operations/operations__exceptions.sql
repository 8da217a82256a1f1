{#
  The queue: what one person acts on is one row. Findings of a kind are put together by customer, month and currency; what
  is wrong with the data itself (loads, feeds, quarantine, identities, receipts) has rows of its own.
#}
{% set levels = 3 %}
-- (Step 1/4) The last day on which the invoices of the next billing run of each contract line are in time.
with run_closes as (
  select
    line.contract_line_id,
    min(closing_day.calendar_date) as closes_date
  from {{ ref('contract_line') }} as line
  inner join {{ ref('ledger__contract_line_policies') }} as policies on line.contract_line_id = policies.contract_line_id
  inner join {{ ref('ledger__billing_cutoffs') }} as cutoff
    on
      coalesce(line.billing_calendar_id, 'default') = cutoff.billing_calendar_id
      and cutoff.cutoff_date >= {{ dbt.dateadd('month', -3, as_of_date()) }}
  inner join {{ ref('ledger__calendar_days') }} as cutoff_day on cutoff.cutoff_date = cutoff_day.calendar_date
  inner join {{ ref('ledger__calendar_days') }} as closing_day
    on
      closing_day.business_day_number = cutoff_day.business_day_number + cast(policies.invoice_sla as int)
      and closing_day.is_business_day
  where closing_day.calendar_date >= {{ as_of_date() }}
  group by line.contract_line_id
),

-- The findings that the queue takes: the one place that says which. A detector that is not switched on for a
-- company yet must not reach the people who act.
queued_findings as (
  select
    finding.*,
    state.opened_date,
    case rule.deadline when 'billing_run' then closes.closes_date when 'recovery' then finding.recovery_deadline end
      as deadline_date,
    coalesce(finding.customer_id, finding.engagement_id, finding.project_id, finding.subject_id) as party_id,
    cast({{ dbt.date_trunc('month', 'finding.occurred_date') }} as date) as period_month,
    coalesce(nullif(finding.amount, 0), finding.exposed_amount, finding.amount) as money_concerned
  from {{ ref('leakage__findings') }} as finding
  inner join {{ ref('exception_rules') }} as rule on finding.category = rule.kind and rule.is_queued
  left join {{ ref('leakage__finding_states') }} as state on finding.finding_id = state.finding_id
  left join run_closes as closes on finding.contract_line_id = closes.contract_line_id
  where
    finding.verdict not in ('not_leakage', 'not_yet_due', 'billed')
    and finding.status <> 'rejected'
    and finding.is_live
),

found as (
  select
    finding.category as kind,
    -- What was billed too much is never put together with what was billed too little.
    finding.category || case when finding.verdict = 'overbilling' then '|over|' else '|' end || finding.party_id || '|'
    || coalesce(finding.legal_entity_id, 'none') || '|'
    || coalesce(cast(finding.period_month as {{ dbt.type_string() }}), 'none') || '|'
    || coalesce(finding.currency, 'none') as exception_key,
    min(coalesce(finding.opened_date, {{ as_of_date() }})) as first_seen_date,
    -- Many small findings together weigh as much as a large one.
    greatest(
      max(case finding.severity when 'high' then 3 when 'medium' then 2 else 1 end),
      case
        when sum(finding.base_amount) >= {{ global_policy('severity_high') }} then 3
        when sum(finding.base_amount) >= {{ global_policy('severity_medium') }} then 2
        else 1
      end
    ) as severity_rank,
    finding.legal_entity_id,
    max(finding.customer_id) as customer_id,
    max(finding.customer_name) as customer_name,
    finding.period_month,
    count(*) as record_count,
    -- One unknown amount makes the sum unknown.
    case when count(*) = count(finding.money_concerned) then sum(finding.money_concerned) end as amount,
    finding.currency,
    -- The next one; when all have passed, the last.
    coalesce(
      min(case when finding.deadline_date >= {{ as_of_date() }} then finding.deadline_date end), max(finding.deadline_date)
    ) as deadline_date,
    min(finding.owner) as owner,
    max(finding.action) as only_action,
    {{ dbt.listagg('finding.finding_id', "';'", "order by finding.finding_id asc nulls last") }} as record_ids
  from queued_findings as finding
  group by
    finding.category,
    finding.verdict = 'overbilling',
    finding.party_id,
    finding.legal_entity_id,
    finding.period_month,
    finding.currency
),

-- (Step 2/4) What is wrong with the data itself.
last_successes as (
  select
    source_system,
    max(started_at) as succeeded_at
  from {{ ref('load_attempt') }}
  where status = 'succeeded'
  group by source_system
),

first_failures as (
  select
    attempt.source_system,
    min(attempt.started_at) as failing_since
  from {{ ref('load_attempt') }} as attempt
  left join last_successes on attempt.source_system = last_successes.source_system
  where attempt.status <> 'succeeded' and coalesce(attempt.started_at > last_successes.succeeded_at, true)
  group by attempt.source_system
),

set_aside as (
  select
    source_system,
    source_object,
    min(first_quarantined_at) as first_quarantined_at,
    count(*) as record_count,
    min(reason) as reason,
    {{ dbt.listagg('quarantined_record_id', "';'", "order by quarantined_record_id asc nulls last") }} as record_ids
  from {{ ref('quarantined_record') }}
  group by source_system, source_object
),

behind as (
  select
    source_domain,
    source_system,
    min(complete_through) as complete_through,
    max(max_age_hours) as max_age_hours,
    sum(case when status = 'never_loaded' then 1 else 0 end) as never_loaded_count,
    count(*) as object_count
  from {{ ref('operations__feed_health') }}
  where status <> 'fresh'
  group by source_domain, source_system
),

raised as (
  select
    {{ exception_columns('kind', 'exception_key', 'first_seen_date', {
      'severity': "case severity_rank when 3 then 'high' when 2 then 'medium' else 'low' end",
      'legal_entity_id': 'legal_entity_id', 'customer_id': 'customer_id', 'customer_name': 'customer_name',
      'period_month': 'period_month', 'only_action': 'case when record_count = 1 then only_action end',
      'record_count': 'record_count', 'amount': 'amount', 'currency': 'currency', 'deadline_date': 'deadline_date',
      'owner': 'owner', 'record_ids': 'record_ids'}) }}
  from found

  union all

  select
    {{ exception_columns("'failed_load'", "'failed_load|' || attempt.source_system", 'failures.failing_since', {
      'subject': "case when attempt.status = 'partial' then 'part of ' else '' end || attempt.source_system",
      'detail': 'attempt.detail', 'record_count': '1',
      'record_ids': 'attempt.load_attempt_id'}) }}
  from {{ ref('load_attempt') }} as attempt
  inner join first_failures as failures on attempt.source_system = failures.source_system
  where attempt.is_latest and attempt.status <> 'succeeded'

  union all

  select
    {{ exception_columns("'stale_feed'", "'stale_feed|' || source_domain || '|' || source_system",
      'coalesce(' ~ dbt.dateadd('hour', 'cast(max_age_hours as int)', 'complete_through') ~ ', ' ~ as_of_moment() ~ ')', {
      'subject': "case when length(source_domain) <= 3 then upper(source_domain) else source_domain end || ' ('
        || source_system || ')'",
      'detail': "case when never_loaded_count = object_count then ' (never loaded)' else ' since '
        || cast(cast(complete_through as date) as " ~ dbt.type_string() ~ ") end",
      'record_count': 'object_count'}) }}
  from behind

  union all

  select
    {{ exception_columns("'quarantined_records'", "'quarantined_records|' || source_system || '|' || source_object",
      'first_quarantined_at', {
      'subject': "source_object || ' (' || source_system || ')'", 'detail': 'reason', 'record_count': 'record_count',
      'record_ids': 'record_ids'}) }}
  from set_aside

  union all

  select
    {{ exception_columns("'unmatched_' || entity_type", "'unmatched|' || unmatched_identity_id || '|' || reason", as_of_date(), {
      'subject': 'coalesce(name, source_id)', 'detail': 'action', 'record_count': 'item_count', 'amount': 'amount',
      'currency': 'currency', 'record_ids': 'unmatched_identity_id'}) }}
  from {{ ref('operations__unmatched_identities') }}
  -- Where a feed was never read, its records are absent and not unmatched.
  where amount is not null and not exists (select 1 from behind where never_loaded_count > 0)

  union all

  select
    {{ exception_columns("'unmatched_receipt'", "'unmatched_receipt|' || bank_transaction_id", 'booking_date', {
      'customer_id': 'customer_id', 'customer_name': 'coalesce(customer_name, counterparty_name)',
      'period_month': dbt.date_trunc('month', 'booking_date'), 'detail': 'action', 'record_count': '1',
      'amount': 'amount', 'currency': 'currency', 'record_ids': 'bank_transaction_id'}) }}
  from {{ ref('operations__unmatched_bank_receipts') }}
),

-- (Step 3/4) Who acts, how old it is, and whether somebody put it off: the latest decision since it is there holds.
decisions as (
  select
    decision.*,
    row_number() over (
      partition by exception_id order by decided_at desc nulls last, decision_id desc nulls last
    ) as recency
  from {{ ref('exception_decision') }} as decision
),

routed as (
  select
    raised.*,
    {{ dbt.hash('raised.exception_key') }} as exception_id,
    coalesce(rule.owner, raised.owner) as routed_owner,
    coalesce(rule.severity, raised.severity) as routed_severity,
    case when raised.deadline_date is not null then rule.deadline end as deadline,
    rule.sentence as sentence_template,
    rule.action as action_template,
    cast(greatest(0, {{ dbt.datediff('raised.first_seen_date', as_of_date(), 'day') }}) as int) as age_days,
    -- A load has the time of the run, which may lie after the business date.
    least(raised.first_seen_date, {{ as_of_date() }}) as since_date,
    cast({{ dbt.datediff(as_of_date(), 'raised.deadline_date', 'day') }} as int) as days_left,
    cast({{ global_policy('exception_escalation') }} as int) as days_per_level
  from raised
  inner join {{ ref('exception_rules') }} as rule on raised.kind = rule.kind and rule.is_queued
),

judged as (
  select
    routed.*,
    case
      {% for level in range(levels, 0, -1) %}
      when age_days >= {{ level }} * days_per_level then {{ level }}
      {% endfor %}
      else 0
    end as escalation_level,
    coalesce(decision.until_date > {{ as_of_date() }}, false) as is_snoozed,
    decision.until_date,
    decision.reason as snooze_reason,
    decision.decided_by as snoozed_by
  from routed
  left join decisions as decision
    on
      routed.exception_id = decision.exception_id
      and decision.recency = 1
      and decision.as_of_date >= routed.since_date
)

{% set words = {
  'money': spoken_money('amount', 'currency'),
  'month': "coalesce(" ~ spoken_month('period_month', as_of_date()) ~ ", 'earlier')",
  'customer': "coalesce(customer_name, 'an unknown customer')",
  'subject': "coalesce(subject, 'unknown')",
  'count': 'cast(record_count as ' ~ dbt.type_string() ~ ')',
  'detail': "coalesce(detail, '')",
} %}
-- (Step 4/4) In business words.
select
  exception_id,
  {{ as_of_date() }} as as_of_date,
  kind,
  routed_owner as owner,
  routed_severity as severity,
  case when is_snoozed then 'snoozed' else 'open' end as status,
  {{ filled('sentence_template', words) }}
  || case
    when deadline = 'billing_run' then '; the billing run closes ' || {{ spoken_days('days_left') }}
    when deadline = 'recovery' and days_left >= 0 then '; it can be corrected until '
      || cast(deadline_date as {{ dbt.type_string() }})
    when deadline = 'recovery' then '; the time to correct it ended on ' || cast(deadline_date as {{ dbt.type_string() }})
    else ''
  end as sentence,
  -- Of a single finding the detector says it more exactly.
  coalesce(only_action, {{ filled('action_template', words) }}) as action,
  legal_entity_id,
  customer_id,
  customer_name,
  period_month,
  record_count,
  amount,
  currency,
  deadline_date,
  since_date as first_seen_date,
  age_days,
  escalation_level,
  case
    when escalation_level < {{ levels }}
      then cast({{ dbt.dateadd('day', '(escalation_level + 1) * days_per_level', 'since_date') }} as date)
  end as escalates_date,
  case when is_snoozed then until_date end as snoozed_until_date,
  case when is_snoozed then snooze_reason end as snooze_reason,
  case when is_snoozed then snoozed_by end as snoozed_by,
  record_ids
from judged
