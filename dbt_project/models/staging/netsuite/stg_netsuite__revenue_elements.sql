select
  id as element_id,
  currency as currency_id,
  crm_contract_line as crm_contract_line_id,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'revenueelement', 'id') }}) as latest
