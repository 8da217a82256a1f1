select
  id as statement_of_work_id,
  properties__name as name,
  properties__sow_status as status,
  properties__signed_date as signed_date,
  properties__start_date as start_date,
  properties__end_date as end_date,
  properties__erp_legal_entity_id as erp_legal_entity_id,
  properties__po_expiration_date as po_expiration_date,
  properties__cap_amount as cap_amount,
  properties__currency_code as currency_code,
  created_at,
  updated_at,
  coalesce(archived, false) or is_tombstoned as is_deleted
from ({{ latest_version('hubspot', 'statement_of_work', 'id') }}) as latest
