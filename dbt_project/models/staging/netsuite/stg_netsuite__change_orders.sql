select
  id as change_order_id,
  crm_change_order as crm_change_order_id,
  crm_contract_line as crm_contract_line_id,
  currency as currency_id,
  cast(amount as decimal(18, 4)) as amount,
  cast(cap_amount as decimal(18, 4)) as cap_amount,
  cast(createddate as {{ dbt.type_timestamp() }}) as created_at,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'changeorder', 'id') }}) as latest
