select
  change_order.change_order_id as source_id,
  cast(change_order.system_modstamp as {{ dbt.type_timestamp() }}) as source_updated_at,
  change_order.is_deleted,
  change_order.name as co_number,
  change_order.contract_id as engagement_source_id,
  change_order.sow_line_id as contract_line_source_id,
  case lower(trim(change_order.status))
    when 'draft' then 'draft'
    when 'in approval process' then 'pending'
    when 'approved' then 'approved'
    when 'rejected' then 'rejected'
    else 'unknown'
  end as status,
  change_order.requested_date,
  change_order.approved_date,
  change_order.effective_date,
  cast(change_order.amount as decimal(18, 4)) as delta_amount,
  cast(coalesce(change_order.cap_change, 0) as decimal(18, 4)) as cap_delta_amount,
  coalesce(change_order.currency_iso_code, organization.default_currency_iso_code) as currency,
  change_order.expiration_date as expiry_date
from {{ ref('stg_salesforce__change_orders') }} as change_order
left join {{ ref('stg_salesforce__organization') }} as organization
  on not organization.is_deleted
