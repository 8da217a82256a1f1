select
  lower(legal_entity_id) as company,
  name,
  nullif(address_country_region_id, '') as country_region_id,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'legal_entity', 'legal_entity_id') }}) as latest
