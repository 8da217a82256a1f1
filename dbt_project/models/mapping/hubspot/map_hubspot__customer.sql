with aliases as (
  select
    alias.company_alias_id,
    -- What came out of a merge can be merged again.
    coalesce(later.company_id, alias.company_id) as company_id
  from {{ ref('stg_hubspot__company_aliases') }} as alias
  left join {{ ref('stg_hubspot__company_aliases') }} as later
    on alias.company_id = later.company_alias_id
),

named as (
  select
    company.company_id as source_id,
    company.company_id as described_by,
    alias.company_id as merged_into_source_id
  from {{ ref('stg_hubspot__companies') }} as company
  left join aliases as alias
    on company.company_id = alias.company_alias_id
  union all
  -- A company that was merged before it was first read is known by its former id alone.
  select
    alias.company_alias_id as source_id,
    alias.company_id as described_by,
    alias.company_id as merged_into_source_id
  from aliases as alias
  left join {{ ref('stg_hubspot__companies') }} as company
    on alias.company_alias_id = company.company_id
  where company.company_id is null
)

select
  named.source_id,
  cast(company.updated_at as {{ dbt.type_timestamp() }}) as source_updated_at,
  -- A merge takes the records that went into it away; here they live on as other names of what came out of it.
  coalesce(company.is_deleted, false) and named.merged_into_source_id is null as is_deleted,
  company.name,
  company.parent_company_id as parent_source_id,
  coalesce(company.currency_code, account.company_currency) as currency,
  coalesce(company.country_code, company.country) as country,
  cast(company.payment_terms_days as {{ dbt.type_int() }}) as payment_terms_days,
  named.merged_into_source_id,
  cast(null as {{ dbt.type_string() }}) as customer_ref,
  company.tax_id,
  company.former_names,
  -- Only the ERP says which customers are companies of the firm itself.
  cast(null as {{ dbt.type_string() }}) as legal_entity_ref
from named
left join {{ ref('stg_hubspot__companies') }} as company
  on named.described_by = company.company_id
left join {{ ref('stg_hubspot__account') }} as account
  on not account.is_deleted
