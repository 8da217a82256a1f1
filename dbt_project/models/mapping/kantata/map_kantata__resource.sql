with field as (
  {{ kantata_custom_fields('User', {
    'employment_type': 'display_value', 'legal_entity': 'display_value', 'email_aliases': 'display_value'}) }}
),

-- A member may have a cost rate per currency; the one that the membership repeats is in the account's own currency.
ranked_cost as (
  select
    cost.account_membership_id,
    cost.currency,
    {{ kantata_units('cost.cost_rate_subunits', 'currency.subunits_per_unit', 'decimal(18, 6)') }} as cost_rate,
    row_number() over (
      partition by cost.account_membership_id
      order by
        case when cost.cost_rate_subunits = membership.cost_rate_subunits then 0 else 1 end asc nulls last,
        cost.currency asc nulls last,
        cost.cost_rate_id asc nulls last
    ) as cost_rank
  from {{ ref('stg_kantata__cost_rates') }} as cost
  inner join {{ ref('stg_kantata__account_memberships') }} as membership
    on cost.account_membership_id = membership.account_membership_id
  left join {{ ref('stg_kantata__currencies') }} as currency
    on cost.currency = currency.currency_code
  where not cost.is_deleted
)

select
  person.user_id as source_id,
  person.updated_at as source_updated_at,
  person.is_deleted,
  person.full_name as name,
  lower(person.email) as email,
  role.name as role,
  case lower(field.employment_type)
    when 'employee' then 'employee'
    when 'contractor' then 'contractor'
    else 'unknown'
  end as resource_type,
  ranked_cost.cost_rate,
  ranked_cost.currency as cost_currency,
  field.legal_entity as legal_entity_ref,
  -- The account holds neither employment dates nor the organisation.
  cast(null as date) as hire_date,
  cast(null as date) as termination_date,
  cast(null as {{ dbt.type_string() }}) as manager_ref,
  cast(null as {{ dbt.type_string() }}) as org_unit_source_id,
  cast(null as {{ dbt.type_string() }}) as work_calendar_source_id,
  lower(replace(field.email_aliases, ' ', '')) as email_aliases
from {{ ref('stg_kantata__users') }} as person
inner join {{ ref('stg_kantata__account_memberships') }} as membership
  on person.account_membership_id = membership.account_membership_id
left join {{ ref('stg_kantata__roles') }} as role
  on coalesce(membership.default_role_id, person.role_id) = role.role_id
left join field
  on person.user_id = field.subject_id
left join ranked_cost
  on person.account_membership_id = ranked_cost.account_membership_id and ranked_cost.cost_rank = 1
