{% set names = 'worker_data__personal_data__name_data__' %}
{% set status = 'worker_data__employment_data__worker_status_data__' %}
{% set contract = 'worker_data__employment_data__worker_contract_data__' %}
select
  worker_reference__wid as worker_wid,
  worker_reference__employee_id as employee_id,
  worker_reference__contingent_worker_id as contingent_worker_id,
  {{ names }}legal_name_data__name_detail_data__formatted_name as legal_name,
  {{ names }}preferred_name_data__name_detail_data__formatted_name as preferred_name,
  work_email,
  other_work_emails,
  {{ workday_boolean(status ~ 'active') }} as is_active,
  {{ status }}hire_date as hire_date,
  {{ workday_boolean(status ~ 'terminated') }} as is_terminated,
  {{ status }}termination_date as termination_date,
  {{ contract }}contract_pay_rate as contract_pay_rate,
  {{ contract }}currency_reference__currency_id as contract_currency,
  {{ contract }}frequency_reference__frequency_id as contract_frequency,
  manager__wid as manager_wid,
  primary_job__position_data__business_title as business_title,
  primary_job__position_data__job_profile_summary_data__job_profile_name as job_profile_name,
  primary_job__position_data__full_time_equivalent_percentage as full_time_equivalent_pct,
  organizations__company__wid as company_wid,
  organizations__company__reference_id as company_reference_id,
  organizations__supervisory__wid as supervisory_organization_wid,
  organizations__cost_center__wid as cost_center_wid,
  organizations__region__wid as region_wid,
  cast(transaction_entry_moment as {{ dbt.type_timestamp() }}) as entered_at,
  is_tombstoned as is_deleted
from ({{ latest_version('workday', 'workers', 'worker_reference__wid') }}) as latest
