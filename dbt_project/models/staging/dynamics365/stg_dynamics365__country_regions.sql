select
  country_region as country_region_id,
  nullif(iso_code, '') as iso_code,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'country_region', 'country_region') }}) as latest
