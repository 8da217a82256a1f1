select
  id as company_id,
  properties__name as name,
  properties__domain as domain,
  properties__country as country,
  properties__hs_country_code as country_code,
  properties__hs_parent_company_id as parent_company_id,
  properties__hubspot_owner_id as owner_id,
  properties__payment_terms_days as payment_terms_days,
  properties__tax_id as tax_id,
  properties__former_names as former_names,
  properties__currency_code as currency_code,
  created_at,
  updated_at,
  coalesce(archived, false) or is_tombstoned as is_deleted
from ({{ latest_version('hubspot', 'company', 'id') }}) as latest
