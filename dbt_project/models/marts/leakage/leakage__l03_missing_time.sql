-- Weeks of people who were booked on work by the hour and logged less than they were booked for. A few quarters of an hour are
-- no missing timesheet, and without a personnel system a week may have been leave, which the reason says.
{%- set is_leave_known = 'hr' in (enabled_systems() | map('first')) %}
with rates_base as (
  select *
  from {{ ref('ledger__booked_weeks') }}
),

{{ card_rates('rates_base', 'booked_week_id') }},

logged as (
  select
    entry.resource_id,
    cast({{ dbt.dateadd('day', '-days.weekday_number', 'entry.work_date') }} as date) as week_start_date,
    sum(entry.hours) as hours
  from {{ ref('time_entry') }} as entry
  inner join {{ ref('ledger__calendar_days') }} as days on entry.work_date = days.calendar_date
  where not entry.is_deleted and coalesce(entry.status, 'unknown') <> 'rejected'
  group by entry.resource_id, cast({{ dbt.dateadd('day', '-days.weekday_number', 'entry.work_date') }} as date)
),

weeks as (
  select
    booked.resource_id,
    booked.work_date as week_start_date,
    min(booked.week_end_date) as week_end_date,
    line.currency,
    min(case when line.billing_method in ('tm', 'tm_cap') then booked.contract_line_id end) as contract_line_id,
    sum(booked.booked_hours - booked.leave_hours) as expected_hours,
    sum(
      case
        when line.billing_method in ('tm', 'tm_cap')
          then cast(booked.booked_hours - booked.leave_hours as decimal(19, 4)) * rates.hourly_rate
      end
    ) as hourly_value,
    sum(booked.booked_hours) as booked_hours,
    sum(case when line.billing_method in ('tm', 'tm_cap') and rates.hourly_rate is null then 1 else 0 end) as unpriced_count,
    sum(sum(booked.booked_hours - booked.leave_hours)) over (partition by booked.resource_id, booked.work_date)
      as week_expected_hours
  from {{ ref('ledger__booked_weeks') }} as booked
  inner join {{ ref('contract_line') }} as line on booked.contract_line_id = line.contract_line_id
  left join rates on booked.booked_week_id = rates.booked_week_id
  group by booked.resource_id, booked.work_date, line.currency
),

missing as (
  select
    weeks.*,
    greatest(0, weeks.week_expected_hours - coalesce(logged.hours, 0)) as missing_hours
  from weeks
  left join logged on weeks.resource_id = logged.resource_id and weeks.week_start_date = logged.week_start_date
),

found as (
  select
    missing.resource_id || '|' || cast(missing.week_start_date as {{ dbt.type_string() }}) || '|' || missing.currency
      as subject_key,
    'at_risk' as verdict,
    'person' as subject_type,
    resource.source_system as subject_system,
    resource.source_id as subject_source_id,
    missing.resource_id as subject_id,
    line.engagement_id,
    missing.contract_line_id,
    line.customer_id,
    line.legal_entity_id,
    case
      when missing.unpriced_count = 0
        then {{ money(quotient(
          'cast(missing.missing_hours as decimal(19, 4)) * missing.hourly_value', 'nullif(missing.week_expected_hours, 0)'
        )) }}
    end as amount,
    missing.currency,
    cast(null as decimal(18, 4)) as exposed_amount,
    resource.name || ': submit the week of ' || {{ said('missing.week_start_date') }} || '; booked '
    || {{ said('cast(missing.week_expected_hours as decimal(9, 2))') }}
    || ' h {{ 'after leave' if is_leave_known else 'and no leave is known' }}, '
    || {{ said('cast(missing.missing_hours as decimal(9, 2))') }} || ' h are missing.' as action,
    {{ "'estimate'" if is_leave_known else "'leave_unknown'" }} as reason,
    {{ evidence([
      ['contract_line', 'line.source_system', 'line.source_id'],
      ['person', 'resource.source_system', 'resource.source_id']
    ]) }} as evidence,
    due_day.calendar_date as expected_date,
    missing.week_start_date as occurred_date,
    {{ dbt.datediff('due_day.calendar_date', as_of_date(), 'day') }} as days_past
  from missing
  inner join {{ ref('resource') }} as resource on missing.resource_id = resource.resource_id
  inner join {{ ref('contract_line') }} as line on missing.contract_line_id = line.contract_line_id
  inner join {{ ref('ledger__contract_line_policies') }} as policies on missing.contract_line_id = policies.contract_line_id
  inner join {{ ref('ledger__calendar_days') }} as week_end on missing.week_end_date = week_end.calendar_date
  inner join {{ ref('ledger__calendar_days') }} as due_day
    on
      due_day.business_day_number = week_end.business_day_number + cast(policies.missing_time_sla as int)
      and due_day.is_business_day
  where
    missing.missing_hours > {{ percent_of(
      'cast(missing.week_expected_hours as decimal(19, 4))', 'policies.missing_time_tolerance'
    ) }}
    and due_day.calendar_date < {{ as_of_date() }}
    and (resource.termination_date is null or resource.termination_date >= missing.week_start_date)
)

{{ detector_findings('missing_time', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
