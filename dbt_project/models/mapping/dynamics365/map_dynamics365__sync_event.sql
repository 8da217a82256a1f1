select
  log_id as source_id,
  updated_at as source_updated_at,
  is_deleted,
  case record_type
    {% for type in ['customer', 'project', 'contract_line', 'change_order', 'time_entry', 'invoice', 'payment'] %}
    when '{{ type }}' then '{{ type }}'
    {% endfor %}
    when 'expense' then 'expense_item'
    else 'unknown'
  end as record_type,
  record_id as record_ref,
  from_domain,
  to_domain,
  attempt,
  case status_code
    when 100000000 then 'succeeded'
    when 100000001 then 'failed'
    when 100000002 then 'in_doubt'
    else 'unknown'
  end as status,
  error_class,
  is_transient,
  occurred_at
from {{ ref('stg_dynamics365__integration_log') }}
