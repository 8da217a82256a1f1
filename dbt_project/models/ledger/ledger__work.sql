-- Staff of an engagement whose project was set up late have to log their hours somewhere: on an internal or a pre-sales project.
with parked as (
  select
    entry.time_entry_id,
    project.contract_line_id,
    row_number() over (
      partition by entry.time_entry_id order by setup.won_date asc nulls last, project.contract_line_id asc nulls last
    ) as preference
  from {{ ref('time_entry') }} as entry
  inner join {{ ref('project') }} as logged_on on entry.project_id = logged_on.project_id
  inner join {{ ref('assignment') }} as assignment
    on entry.resource_id = assignment.resource_id and entry.work_date between assignment.start_date and assignment.end_date
  inner join {{ ref('project') }} as project on assignment.project_id = project.project_id
  inner join {{ ref('ledger__project_setup') }} as setup on project.engagement_id = setup.engagement_id
  where
    logged_on.project_type in ('internal', 'presales')
    and project.project_type = 'billable'
    and not project.is_deleted
    and project.contract_line_id is not null
    and not assignment.is_deleted
    and setup.is_late
    and entry.work_date >= setup.start_date
    and entry.work_date <= coalesce(setup.ready_date, {{ as_of_date() }})
)

select
  entry.time_entry_id,
  entry.project_id,
  coalesce(line.contract_line_id, entry.contract_line_id) as contract_line_id,
  coalesce(line.engagement_id, entry.engagement_id) as engagement_id,
  coalesce(line.customer_id, entry.customer_id) as customer_id,
  entry.resource_id,
  entry.role,
  entry.work_date,
  parked.time_entry_id is not null as is_parked
from {{ ref('time_entry') }} as entry
left join parked on entry.time_entry_id = parked.time_entry_id and parked.preference = 1
left join {{ ref('contract_line') }} as line on parked.contract_line_id = line.contract_line_id
