select
  iso_code as currency_code,
  name,
  symbol,
  subunit_to_unit as subunits_per_unit,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'currencies', 'iso_code') }}) as latest
