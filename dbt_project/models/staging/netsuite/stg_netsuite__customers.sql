select
  id as customer_id,
  externalid as external_id,
  altname as name,
  parent as parent_customer_id,
  currency as currency_id,
  terms as term_id,
  billingcountry as country,
  merged_into as merged_into_customer_id,
  tax_id,
  representingsubsidiary as represented_subsidiary_id,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'customer', 'id') }}) as latest
