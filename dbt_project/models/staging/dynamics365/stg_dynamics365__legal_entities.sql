select
  lower(legal_entity_id) as company,
  name,
  nullif(address_country_region_id, '') as country_region_id,
  nullif(time_zone, '') as time_zone_code,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'legal_entity', 'legal_entity_id') }}) as latest
