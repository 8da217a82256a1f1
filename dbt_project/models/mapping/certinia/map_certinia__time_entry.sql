with week_day as (
  {% for day_offset in range(7) -%}
  select {{ day_offset }} as day_offset{{ ' union all' if not loop.last }}
  {% endfor -%}
),

dated as (
  select
    timecard.*,
    cast({{ dbt.dateadd('day', 'week_day.day_offset', 'timecard.start_date') }} as date) as work_date
  from {{ ref('stg_certinia__timecards') }} as timecard
  cross join week_day
),

timecard_day as (
  select
    dated.*,
    {{ certinia_weekday('dated.work_date', 'hours') }} as day_hours
  from dated
),

-- What the seven fields of a timecard cannot say.
exact_day as (
  select
    timecard_id,
    work_date,
    max(exact_hours) as exact_hours,
    max(billable_hours) as billable_hours,
    max(submitted_billable_hours) as submitted_billable_hours,
    max(writedown_reason) as writedown_reason
  from {{ ref('stg_certinia__time_dates') }}
  where not is_deleted
  group by timecard_id, work_date
),

-- The billing state of a day is that of the split which covers it. Editing a timecard replaces its splits, so for a moment
-- two may be there: the newer one holds.
billing as (
  select
    timecard_day.timecard_id,
    timecard_day.work_date,
    split.is_billed,
    split.is_invoiced,
    split.is_on_billing_hold,
    split.is_excluded_from_billing,
    split.hold_reason,
    split.hold_from_date,
    split.hold_until_date,
    split.system_modstamp,
    row_number() over (
      partition by timecard_day.timecard_id, timecard_day.work_date
      order by split.created_at desc nulls last, split.timecard_split_id asc nulls last
    ) as recency
  from timecard_day
  inner join {{ ref('stg_certinia__timecard_splits') }} as split
    on timecard_day.timecard_id = split.timecard_id
    and timecard_day.work_date between split.start_date and split.end_date
  where not split.is_deleted
),

entry as (
  select
    timecard_day.*,
    coalesce(exact_day.exact_hours, timecard_day.day_hours) as hours,
    coalesce(exact_day.billable_hours, exact_day.exact_hours, timecard_day.day_hours) as billable_hours,
    exact_day.submitted_billable_hours,
    exact_day.writedown_reason,
    assignment.role as assignment_role,
    coalesce(billing.is_billed, false) or coalesce(billing.is_invoiced, false) as is_marked_billed,
    coalesce(billing.is_on_billing_hold, false) as is_on_hold,
    billing.hold_reason,
    -- A hold without a date of its own was placed when the split was last changed at the latest.
    coalesce(billing.hold_from_date, cast(billing.system_modstamp as date)) as hold_from_date,
    billing.hold_until_date,
    billing.system_modstamp as billing_modstamp,
    case
      when billing.is_excluded_from_billing then cast(billing.system_modstamp as date)
      when timecard_day.is_excluded_from_billing then cast(timecard_day.system_modstamp as date)
      when assignment.is_excluded_from_billing then cast(assignment.system_modstamp as date)
    end as excluded_date
  from timecard_day
  left join exact_day
    on timecard_day.timecard_id = exact_day.timecard_id and timecard_day.work_date = exact_day.work_date
  left join billing
    on timecard_day.timecard_id = billing.timecard_id
    and timecard_day.work_date = billing.work_date
    and billing.recency = 1
  left join {{ ref('stg_certinia__assignments') }} as assignment
    on timecard_day.assignment_id = assignment.assignment_id
)

select
  -- Splits are replaced when a timecard is edited; the timecard and the day stay.
  entry.timecard_id || '-' || cast(entry.work_date as {{ dbt.type_string() }}) as source_id,
  greatest(entry.system_modstamp, coalesce(entry.billing_modstamp, entry.system_modstamp)) as source_updated_at,
  entry.is_deleted,
  entry.project_id as project_source_id,
  entry.resource_id as resource_source_id,
  coalesce(entry.role, entry.assignment_role) as role,
  entry.work_date,
  entry.hours,
  entry.billable_hours,
  entry.is_billable,
  case lower(trim(entry.status))
    when 'saved' then 'draft'
    when 'submitted' then 'submitted'
    when 'approved' then 'approved'
    when 'rejected' then 'rejected'
    else 'unknown'
  end as status,
  entry.submitted_at,
  case when lower(trim(entry.status)) = 'approved' then entry.approved_at end as approved_at,
  coalesce(lower(approver.email), approver.name) as approver,
  -- A rate per day is what the day costs, however many hours it has.
  cast(
    case
      when entry.is_daily_bill_rate then {{ quotient('entry.bill_rate', 'entry.hours') }}
      else entry.bill_rate
    end as decimal(18, 6)
  ) as applied_rate,
  case
    when entry.bill_rate is not null then coalesce(entry.currency_iso_code, organization.default_currency_iso_code)
  end as applied_currency,
  entry.is_marked_billed,
  case
    when entry.is_on_hold then entry.hold_reason
    when entry.excluded_date is not null then 'excluded from billing'
  end as hold_reason,
  case when entry.is_on_hold then entry.hold_from_date else entry.excluded_date end as hold_from_date,
  case when entry.is_on_hold then entry.hold_until_date end as hold_until_date,
  entry.submitted_billable_hours,
  entry.writedown_reason,
  entry.crm_change_order_id as change_order_ref
from entry
left join {{ ref('stg_certinia__users') }} as approver
  on entry.approver_user_id = approver.user_id
left join {{ ref('stg_certinia__organization') }} as organization
  on not organization.is_deleted
where coalesce(entry.hours, 0) <> 0
