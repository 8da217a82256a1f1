select
  data_area_id as company,
  customer_account,
  organization_name as name,
  nullif(party_number, '') as party_number,
  nullif(address_country_region_id, '') as country_region_id,
  nullif(sales_currency_code, '') as currency_code,
  nullif(payment_terms, '') as payment_term,
  nullif(tax_exempt_number, '') as tax_exempt_number,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'customer', ['data_area_id', 'customer_account']) }}) as latest
