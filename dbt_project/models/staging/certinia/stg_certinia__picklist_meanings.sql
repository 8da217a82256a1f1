select
  meaning_key,
  picklist,
  value,
  meaning,
  is_tombstoned as is_deleted
from ({{ latest_version('certinia', 'picklist_meaning', 'meaning_key') }}) as latest
