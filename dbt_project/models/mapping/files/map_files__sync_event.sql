select
  attempt_id as source_id,
  exported_at as source_updated_at,
  is_deleted,
  case record_type_code
    when 'CUSTOMER' then 'customer'
    when 'PROJECT' then 'project'
    when 'CONTRACT_LINE' then 'contract_line'
    when 'CHANGE_ORDER' then 'change_order'
    when 'TIME_ENTRY' then 'time_entry'
    when 'EXPENSE' then 'expense_item'
    when 'INVOICE' then 'invoice'
    when 'PAYMENT' then 'payment'
    else 'unknown'
  end as record_type,
  record_ref,
  lower(from_system_code) as from_domain,
  lower(to_system_code) as to_domain,
  attempt,
  case status_code
    when 'OK' then 'succeeded'
    when 'ERROR' then 'failed'
    when 'IN DOUBT' then 'in_doubt'
    else 'unknown'
  end as status,
  error_class,
  is_transient,
  occurred_at
from {{ ref('stg_files__sync_log') }}
