with stage as (
  {{ certinia_meanings('pse__Proj__c.pse__Stage__c') }}
),

project_type as (
  {{ certinia_meanings('pse__Proj__c.pse__Project_Type__c') }}
)

select
  project.project_id as source_id,
  project.system_modstamp as source_updated_at,
  project.is_deleted,
  project.name,
  project.project_code,
  -- In the CRM's own org an account is the CRM's record, elsewhere it carries the id that the CRM gave it.
  coalesce(account.crm_account_id, project.account_id) as customer_ref,
  project.crm_contract_line_id as contract_line_ref,
  coalesce(project_type.meaning, 'unknown') as project_type,
  coalesce(stage.meaning, 'unknown') as status,
  project.start_date,
  project.end_date,
  project.created_at,
  project.merged_into_project_id as merged_into_source_id,
  lower(manager.email) as manager_ref,
  project.parent_project_id as parent_source_id,
  practice.name as service_line,
  coalesce(project.is_excluded_from_billing, false) as is_excluded_from_billing
from {{ ref('stg_certinia__projects') }} as project
left join {{ ref('stg_certinia__accounts') }} as account
  on project.account_id = account.account_id
left join stage
  on lower(trim(project.stage)) = stage.value
left join project_type
  on lower(trim(project.project_type)) = project_type.value
left join {{ ref('stg_certinia__resources') }} as manager
  on project.project_manager_id = manager.resource_id
left join {{ ref('stg_certinia__practices') }} as practice
  on project.practice_id = practice.practice_id
where not coalesce(project.is_template, false)
