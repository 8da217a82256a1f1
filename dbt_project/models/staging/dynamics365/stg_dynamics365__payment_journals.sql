select
  data_area_id as company,
  journal_batch_number as journal_number,
  is_posted as posted_code,
  is_tombstoned as is_deleted
from ({{ latest_version('dynamics365', 'payment_journal', ['data_area_id', 'journal_batch_number']) }}) as latest
