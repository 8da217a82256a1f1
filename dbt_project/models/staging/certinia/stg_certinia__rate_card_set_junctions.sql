select
  id as rate_card_set_junction_id,
  name,
  pse_rate_card_set_c as rate_card_set_id,
  pse_rate_card_c as rate_card_id,
  cast(created_date as {{ dbt.type_timestamp() }}) as created_at,
  cast(system_modstamp as {{ dbt.type_timestamp() }}) as system_modstamp,
  is_tombstoned or coalesce(is_deleted, false) as is_deleted
from ({{ latest_version('certinia', 'rate_card_set_junction', 'id') }}) as latest
