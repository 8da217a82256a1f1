with statement_of_work as (
  {{ hubspot_associated('change_order', 'statement_of_work') }}
),

sow_line as (
  {{ hubspot_associated('change_order', 'sow_line') }}
)

select
  change_order.change_order_id as source_id,
  cast(change_order.updated_at as {{ dbt.type_timestamp() }}) as source_updated_at,
  change_order.is_deleted,
  change_order.name as co_number,
  statement_of_work.to_id as engagement_source_id,
  sow_line.to_id as contract_line_source_id,
  case lower(trim(change_order.status))
    when 'draft' then 'draft'
    when 'in_approval' then 'pending'
    when 'approved' then 'approved'
    when 'rejected' then 'rejected'
    else 'unknown'
  end as status,
  change_order.requested_date,
  change_order.approved_date,
  change_order.effective_date,
  cast(change_order.amount as decimal(18, 4)) as delta_amount,
  cast(coalesce(change_order.cap_change, 0) as decimal(18, 4)) as cap_delta_amount,
  coalesce(change_order.currency_code, account.company_currency) as currency,
  change_order.expiration_date as expiry_date
from {{ ref('stg_hubspot__change_orders') }} as change_order
left join statement_of_work
  on
    change_order.change_order_id = statement_of_work.from_id
    and (not statement_of_work.is_deleted or change_order.is_deleted)
left join sow_line
  on change_order.change_order_id = sow_line.from_id and (not sow_line.is_deleted or change_order.is_deleted)
left join {{ ref('stg_hubspot__account') }} as account
  on not account.is_deleted
