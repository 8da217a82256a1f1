select
  lower(legal_entity_id) as company,
  accounting_currency,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'ledger', 'legal_entity_id') }}) as latest
