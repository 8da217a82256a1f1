{%- set domains = enabled_systems() | map('first') | select('in', ['psa', 'erp']) | unique | list -%}
-- Where each approved change order has arrived. A system that is not connected cannot lack it.
with seen as (
  select
    change_order_id,
    min(case when source_domain = 'psa' then cast(created_at as date) end) as seen_in_psa_date,
    min(case when source_domain = 'erp' then cast(created_at as date) end) as seen_in_erp_date
  from {{ ref('change_order_record') }}
  where not is_deleted and cast(created_at as date) <= {{ as_of_date() }}
  group by change_order_id
),

dated as (
  select
    change_order.change_order_id,
    change_order.engagement_id,
    change_order.contract_line_id,
    change_order.co_number,
    change_order.approved_date,
    change_order.delta_amount,
    change_order.cap_delta_amount,
    change_order.currency,
    seen.seen_in_psa_date,
    seen.seen_in_erp_date,
    approved_day.business_day_number + cast(policies.change_order_sla as int) as due_number
  from {{ ref('change_order') }} as change_order
  left join seen on change_order.change_order_id = seen.change_order_id
  left join {{ ref('ledger__calendar_days') }} as approved_day on change_order.approved_date = approved_day.calendar_date
  left join {{ ref('ledger__engagement_policies') }} as policies on change_order.engagement_id = policies.engagement_id
  where
    not change_order.is_deleted
    and change_order.status = 'approved'
    and change_order.approved_date <= {{ as_of_date() }}
)

select
  dated.change_order_id,
  dated.engagement_id,
  dated.contract_line_id,
  dated.co_number,
  dated.approved_date,
  due_day.calendar_date as sync_due_date,
  dated.delta_amount,
  dated.cap_delta_amount,
  dated.currency,
  dated.seen_in_psa_date,
  dated.seen_in_erp_date,
  {% for domain in ['psa', 'erp'] %}
  {{ "dated.seen_in_" ~ domain ~ "_date is null" if domain in domains else 'false' }} as is_missing_in_{{ domain }},
  {% endfor %}
  coalesce(due_day.calendar_date < {{ as_of_date() }}, false)
  and (
    {% for domain in domains %}
    dated.seen_in_{{ domain }}_date is null {{ 'or' if not loop.last }}
    {% endfor %}
    {{ 'false' if not domains }}
  )
    as is_gap
from dated
left join {{ ref('ledger__calendar_days') }} as due_day
  on dated.due_number = due_day.business_day_number and due_day.is_business_day
