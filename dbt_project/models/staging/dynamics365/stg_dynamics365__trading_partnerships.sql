{%- set keys = [
  'customer_legal_entity_id', 'customer_account_number', 'vendor_legal_entity_id', 'vendor_account_number'
] -%}

select
  lower(vendor_legal_entity_id) as company,
  customer_account_number as customer_account,
  lower(customer_legal_entity_id) as customer_company,
  vendor_account_number as vendor_account,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'trading_partnership', keys) }}) as latest
