select
  id as charge_id,
  use as use_code,
  stage as stage_code,
  currency as currency_id,
  timerecord as time_bill_id,
  billingdocument as billing_transaction_id,
  coalesce(invoiceline, creditmemoline) as billing_line_number,
  source_type as source_type_code,
  source_id as source_reference,
  cast(quantity as decimal(18, 6)) as quantity,
  cast(amount as decimal(18, 4)) as amount,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'charge', 'id') }}) as latest
