-- A party that is a customer of several companies is one customer: that of its first company stands for it.
with partners as (
  select
    company,
    customer_account,
    min(customer_company) as customer_company
  from {{ ref('stg_dynamics365__trading_partnerships') }}
  where not is_deleted
  group by
    company,
    customer_account
),

customers as (
  select
    own.company || '-' || own.customer_account as source_id,
    own.customer_account,
    own.company,
    own.name,
    own.country_region_id,
    own.currency_code,
    own.payment_term,
    own.tax_exempt_number,
    own.is_deleted,
    -- A company that one of the firm's companies trades with stands for the same company in all of them.
    min(partners.customer_company) over (
      partition by coalesce(own.party_number, own.company || '-' || own.customer_account)
    ) as represented_company,
    first_value(own.company || '-' || own.customer_account) over (
      partition by coalesce(own.party_number, own.company || '-' || own.customer_account)
      order by
        case when own.is_deleted then 1 else 0 end asc nulls last,
        own.company asc nulls last,
        own.customer_account asc nulls last
    ) as party_source_id
  from {{ ref('stg_dynamics365__customers') }} as own
  left join partners
    on own.company = partners.company and own.customer_account = partners.customer_account
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
  cast(null as {{ dbt.type_string() }}) as former_names,
  customers.represented_company as legal_entity_ref
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
