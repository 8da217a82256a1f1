with note as (
  {{ kantata_references('TimeEntry', ['logged_hours', 'billable_hours', 'billing_hold', 'write_down', 'change_order']) }}
),

imported as (
  {{ kantata_references('Submission', ['imported_timesheet']) }}
),

entry as (
  select
    time_entry.*,
    coalesce(
      cast(note.logged_hours as decimal(9, 4)),
      {{ kantata_hours('time_entry.time_in_minutes') }}
    ) as logged_hours,
    cast(note.billable_hours as decimal(9, 4)) as agreed_hours,
    note.billing_hold,
    note.billing_hold_message,
    cast(note.write_down as decimal(9, 4)) as submitted_billable_hours,
    note.write_down_message,
    note.change_order,
    coalesce(time_entry.active_submission_id, time_entry.recent_submission_id) as submission_id
  from {{ ref('stg_kantata__time_entries') }} as time_entry
  left join note
    on time_entry.time_entry_id = note.subject_id
)

select
  entry.time_entry_id as source_id,
  entry.updated_at as source_updated_at,
  entry.is_deleted,
  entry.workspace_id as project_source_id,
  entry.user_id as resource_source_id,
  role.name as role,
  entry.work_date,
  entry.logged_hours as hours,
  coalesce(entry.agreed_hours, entry.logged_hours) as billable_hours,
  entry.is_billable,
  case
    when entry.submission_id is null and entry.is_approved then 'approved'
    when entry.submission_id is null then 'draft'
    when submission.status = 'approved' then 'approved'
    when submission.status in ('pending', 'new') then 'submitted'
    when submission.status = 'rejected' then 'rejected'
    when submission.status = 'cancelled' then 'draft'
    else 'unknown'
  end as status,
  case when not coalesce(imported.has_imported_timesheet, false) then submission.created_at end as submitted_at,
  case when submission.status = 'approved' then submission.resolved_at end as approved_at,
  coalesce(lower(approver.email), approver.full_name) as approver,
  {{ kantata_units('entry.rate_subunits', 'entry.subunits_per_unit', 'decimal(18, 6)') }} as applied_rate,
  case when entry.rate_subunits is not null then entry.currency end as applied_currency,
  entry.is_invoiced as is_marked_billed,
  entry.billing_hold_message as hold_reason,
  cast({{ dbt.split_part('entry.billing_hold', "'/'", 1) }} as date) as hold_from_date,
  cast(nullif({{ dbt.split_part('entry.billing_hold', "'/'", 2) }}, '..') as date) as hold_until_date,
  entry.submitted_billable_hours,
  entry.write_down_message as writedown_reason,
  entry.change_order as change_order_ref
from entry
left join {{ ref('stg_kantata__timesheet_submissions') }} as submission
  on entry.submission_id = submission.timesheet_submission_id
left join imported
  on entry.submission_id = imported.subject_id
left join {{ ref('stg_kantata__roles') }} as role
  on entry.role_id = role.role_id
left join {{ ref('stg_kantata__workspaces') }} as workspace
  on entry.workspace_id = workspace.workspace_id
left join {{ ref('stg_kantata__users') }} as approver
  -- Who decided; for time that still waits, the project's approver if it has exactly one.
  on approver.user_id = case
    when submission.status in ('pending', 'new') then workspace.approver_ids
    else submission.resolved_by_user_id
  end
