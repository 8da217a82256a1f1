-- A party that is a customer of several companies is one customer: that of its first company stands for it.
with customers as (
  select
    company || '-' || customer_account as source_id,
    customer_account,
    company,
    name,
    country_region_id,
    currency_code,
    payment_term,
    tax_exempt_number,
    is_deleted,
    first_value(company || '-' || customer_account) over (
      partition by coalesce(party_number, company || '-' || customer_account)
      order by
        case when is_deleted then 1 else 0 end asc nulls last,
        company asc nulls last,
        customer_account asc nulls last
    ) as party_source_id
  from {{ ref('stg_dynamics365__customers') }}
),

parties as (
  select
    customer_account,
    min(party_source_id) as party_source_id
  from customers
  group by customer_account
)

select
  customers.source_id,
  accounts.updated_at as source_updated_at,
  customers.is_deleted,
  customers.name,
  parent_parties.party_source_id as parent_source_id,
  customers.currency_code as currency,
  coalesce(countries.iso_code, customers.country_region_id) as country,
  -- Terms of whole months are no number of days.
  case when coalesce(terms.number_of_months, 0) = 0 then terms.number_of_days end as payment_terms_days,
  coalesce(
    master_parties.party_source_id,
    case when customers.party_source_id <> customers.source_id then customers.party_source_id end
  ) as merged_into_source_id,
  accounts.external_id as customer_ref,
  customers.tax_exempt_number as tax_id,
  cast(null as {{ dbt.type_string() }}) as former_names
from customers
left join {{ ref('stg_dynamics365__accounts') }} as accounts
  on customers.customer_account = accounts.account_number
left join {{ ref('stg_dynamics365__accounts') }} as parents
  on accounts.parent_account_id = parents.account_id
left join parties as parent_parties
  on parents.account_number = parent_parties.customer_account
left join {{ ref('stg_dynamics365__accounts') }} as masters
  on accounts.merged_into_account_id = masters.account_id
left join parties as master_parties
  on masters.account_number = master_parties.customer_account
left join {{ ref('stg_dynamics365__payment_terms') }} as terms
  on customers.company = terms.company and customers.payment_term = terms.name
left join {{ ref('stg_dynamics365__country_regions') }} as countries
  on customers.country_region_id = countries.country_region_id
