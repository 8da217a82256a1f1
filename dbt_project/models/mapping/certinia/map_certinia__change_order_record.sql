with budget_type as (
  {{ certinia_meanings('pse__Budget__c.pse__Type__c') }}
)

select
  budget.budget_id as source_id,
  budget.system_modstamp as source_updated_at,
  budget.is_deleted,
  budget.crm_change_order_id as change_order_ref,
  budget.crm_contract_line_id as contract_line_ref,
  -- A budget is never negative: a reduction is in the agreed amount alone.
  coalesce(budget.agreed_amount, budget.amount) as delta_amount,
  budget.cap_change_amount as cap_delta_amount,
  coalesce(budget.currency_iso_code, organization.default_currency_iso_code) as currency,
  budget.created_at
from {{ ref('stg_certinia__budgets') }} as budget
inner join budget_type
  on lower(trim(budget.budget_type)) = budget_type.value and budget_type.meaning = 'change_order'
left join {{ ref('stg_certinia__organization') }} as organization
  on not organization.is_deleted
where lower(trim(budget.status)) = 'approved'
