select
  purpose_key,
  purpose,
  kind,
  subject_type,
  name,
  is_tombstoned as is_deleted
from ({{ latest_version('kantata', 'field_purposes', 'purpose_key') }}) as latest
