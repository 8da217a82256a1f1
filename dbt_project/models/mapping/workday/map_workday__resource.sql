select
  worker.worker_wid as source_id,
  worker.entered_at as source_updated_at,
  worker.is_deleted,
  coalesce(worker.preferred_name, worker.legal_name) as name,
  lower(worker.work_email) as email,
  coalesce(worker.job_profile_name, worker.business_title) as role,
  case
    when worker.contingent_worker_id is not null then 'contractor'
    when worker.employee_id is not null then 'employee'
    else 'unknown'
  end as resource_type,
  -- A contract paid by the month or the day does not say what an hour costs.
  case when lower(worker.contract_frequency) = 'hourly' then cast(worker.contract_pay_rate as decimal(18, 6)) end as cost_rate,
  case when lower(worker.contract_frequency) = 'hourly' then worker.contract_currency end as cost_currency,
  coalesce(worker.company_reference_id, worker.company_wid) as legal_entity_ref,
  worker.hire_date,
  worker.termination_date,
  lower(manager.work_email) as manager_ref,
  coalesce(worker.supervisory_organization_wid, worker.cost_center_wid, worker.region_wid) as org_unit_source_id,
  calendar.work_calendar_id as work_calendar_source_id,
  lower(replace(worker.other_work_emails, ' ', '')) as email_aliases
from {{ ref('stg_workday__workers') }} as worker
left join {{ ref('stg_workday__workers') }} as manager
  on worker.manager_wid = manager.worker_wid
left join {{ ref('stg_workday__worker_calendars') }} as calendar
  on worker.worker_wid = calendar.worker_wid and not calendar.is_deleted
