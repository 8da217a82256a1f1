select
  milestone.milestone_id as source_id,
  milestone.system_modstamp as source_updated_at,
  milestone.is_deleted,
  milestone.project_id as project_source_id,
  coalesce(milestone.crm_contract_line_id, project.crm_contract_line_id) as contract_line_ref,
  coalesce(account.crm_account_id, milestone.bill_to_account_id) as customer_ref,
  milestone.name,
  milestone.amount,
  coalesce(milestone.currency_iso_code, organization.default_currency_iso_code) as currency,
  milestone.target_date as due_date,
  -- Reached is not accepted: approval says that the customer has agreed. A cancelled milestone keeps the flag.
  case
    when milestone.is_approved and coalesce(lower(trim(milestone.status)), '') not in ('canceled', 'cancelled')
      then milestone.actual_date
  end as accepted_date,
  case
    when coalesce(lower(trim(milestone.status)), '') not in ('canceled', 'cancelled') then milestone.deemed_accepted_on
  end as deemed_date
from {{ ref('stg_certinia__milestones') }} as milestone
left join {{ ref('stg_certinia__projects') }} as project
  on milestone.project_id = project.project_id
left join {{ ref('stg_certinia__accounts') }} as account
  on milestone.bill_to_account_id = account.account_id
left join {{ ref('stg_certinia__organization') }} as organization
  on not organization.is_deleted
