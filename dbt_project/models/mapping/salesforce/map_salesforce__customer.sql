select
  account.account_id as source_id,
  cast(account.system_modstamp as {{ dbt.type_timestamp() }}) as source_updated_at,
  -- Salesforce puts the loser of a merge into the recycle bin; here it lives on as another name of the winner.
  account.is_deleted and account.master_account_id is null as is_deleted,
  account.name,
  account.parent_account_id as parent_source_id,
  coalesce(account.currency_iso_code, organization.default_currency_iso_code) as currency,
  coalesce(account.billing_country_code, account.billing_country) as country,
  cast(account.payment_terms_days as {{ dbt.type_int() }}) as payment_terms_days,
  -- The winner of a merge can lose a later one.
  coalesce(master.master_account_id, account.master_account_id) as merged_into_source_id,
  cast(null as {{ dbt.type_string() }}) as customer_ref,
  account.tax_id,
  account.former_names,
  -- Only the ERP says which customers are companies of the firm itself.
  cast(null as {{ dbt.type_string() }}) as legal_entity_ref
from {{ ref('stg_salesforce__accounts') }} as account
left join {{ ref('stg_salesforce__accounts') }} as master
  on account.master_account_id = master.account_id
left join {{ ref('stg_salesforce__organization') }} as organization
  on not organization.is_deleted
