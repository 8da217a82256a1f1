with booking_status as (
  {{ certinia_meanings('pse__Assignment__c.pse__Status__c') }}
)

select
  assignment.assignment_id as source_id,
  greatest(assignment.system_modstamp, coalesce(schedule.system_modstamp, assignment.system_modstamp)) as source_updated_at,
  assignment.is_deleted,
  assignment.project_id as project_source_id,
  assignment.resource_id as resource_source_id,
  assignment.role,
  -- The assignment's own dates and hours are formulas over these: they change without its stamp moving.
  schedule.start_date,
  schedule.end_date,
  schedule.scheduled_hours as hours,
  case booking_status.meaning
    when 'hard' then true
    when 'soft' then false
  end as is_hard
from {{ ref('stg_certinia__assignments') }} as assignment
left join {{ ref('stg_certinia__schedules') }} as schedule
  on assignment.schedule_id = schedule.schedule_id
left join booking_status
  on lower(trim(assignment.status)) = booking_status.value
