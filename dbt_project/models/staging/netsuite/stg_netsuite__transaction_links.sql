{%- set keys = ['nextdoc', 'nextline', 'previousdoc', 'previousline', 'linktype'] -%}

select
  nextdoc as next_transaction_id,
  nextline as next_line_number,
  previousdoc as previous_transaction_id,
  previousline as previous_line_number,
  linktype as link_type,
  nexttype as next_type_code,
  cast(foreignamount as decimal(18, 4)) as applied_amount,
  cast(lastmodifieddate as {{ dbt.type_timestamp() }}) as updated_at,
  is_tombstoned as is_deleted
from ({{ latest_version('netsuite', 'nexttransactionlinelink', keys) }}) as latest
