{%- set domains = enabled_systems() | map('first') | select('in', ['psa', 'erp']) | unique | list -%}
-- Where each approved change order has arrived, and how much of it. A system that is not connected cannot lack it; a record
-- that names no amount has all of it, one in another currency cannot be compared.
with records as (
  select
    record.change_order_id,
    record.source_domain,
    min(cast(record.created_at as date)) as seen_date,
    {% for column in ['delta_amount', 'cap_delta_amount'] %}
    sum(case when coalesce(record.currency, change_order.currency) = change_order.currency then record.{{ column }} end)
      as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from {{ ref('change_order_record') }} as record
  inner join {{ ref('change_order') }} as change_order on record.change_order_id = change_order.change_order_id
  where not record.is_deleted and cast(record.created_at as date) <= {{ as_of_date() }}
  group by record.change_order_id, record.source_domain
),

seen as (
  select
    change_order_id,
    {% for domain in ['psa', 'erp'] %}
    max(case when source_domain = '{{ domain }}' then seen_date end) as seen_in_{{ domain }}_date,
    max(case when source_domain = '{{ domain }}' then delta_amount end) as {{ domain }}_delta_amount,
    max(case when source_domain = '{{ domain }}' then cap_delta_amount end)
      as {{ domain }}_cap_delta_amount{{ ',' if not loop.last }}
    {% endfor %}
  from records
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
    {% for domain in ['psa', 'erp'] %}
    -- What the system has less, or more, of the change than was approved.
    {% for column in ['delta_amount', 'cap_delta_amount'] %}
    {% set missing = 'coalesce(change_order.' ~ column ~ ', 0)' %}
    {% if domain in domains %}
    case
      when seen.seen_in_{{ domain }}_date is null then {{ missing }}
      else {{ missing }} - coalesce(seen.{{ domain }}_{{ column }}, {{ missing }})
    end
    {% else %}
    0
    {% endif %}
      as {{ domain }}_missing_{{ column }},
    {% endfor %}
    {% endfor %}
    greatest(
      policies.contract_drift_amount,
      {{ percent_of('cast(abs(coalesce(change_order.delta_amount, 0)) as decimal(19, 4))', 'policies.contract_drift_pct') }}
    ) as tolerance_amount,
    approved_day.business_day_number + cast(policies.change_order_sla as int) as due_number
  from {{ ref('change_order') }} as change_order
  left join seen on change_order.change_order_id = seen.change_order_id
  left join {{ ref('ledger__calendar_days') }} as approved_day on change_order.approved_date = approved_day.calendar_date
  left join {{ ref('ledger__engagement_policies') }} as policies on change_order.engagement_id = policies.engagement_id
  where
    not change_order.is_deleted
    and change_order.status = 'approved'
    and change_order.approved_date <= {{ as_of_date() }}
),

compared as (
  select
    dated.*,
    {% for domain in ['psa', 'erp'] %}
    {{ "dated.seen_in_" ~ domain ~ "_date is null" if domain in domains else 'false' }} as is_missing_in_{{ domain }},
    coalesce(
      greatest(abs(dated.{{ domain }}_missing_delta_amount), abs(dated.{{ domain }}_missing_cap_delta_amount))
      > dated.tolerance_amount,
      false
    ) as is_different_in_{{ domain }},
    {% endfor %}
    {% for column in ['delta_amount', 'cap_delta_amount'] %}
    case
      when abs(dated.psa_missing_{{ column }}) > abs(dated.erp_missing_{{ column }}) then dated.psa_missing_{{ column }}
      else dated.erp_missing_{{ column }}
    end as missing_{{ column }},
    {% endfor %}
    due_day.calendar_date as sync_due_date
  from dated
  left join {{ ref('ledger__calendar_days') }} as due_day
    on dated.due_number = due_day.business_day_number and due_day.is_business_day
)

select
  change_order_id,
  engagement_id,
  contract_line_id,
  co_number,
  approved_date,
  sync_due_date,
  delta_amount,
  cap_delta_amount,
  currency,
  seen_in_psa_date,
  seen_in_erp_date,
  is_missing_in_psa,
  is_missing_in_erp,
  is_different_in_psa and not is_missing_in_psa as is_different_in_psa,
  is_different_in_erp and not is_missing_in_erp as is_different_in_erp,
  cast(missing_delta_amount as decimal(18, 4)) as missing_delta_amount,
  cast(missing_cap_delta_amount as decimal(18, 4)) as missing_cap_delta_amount,
  coalesce(sync_due_date < {{ as_of_date() }}, false) and (is_missing_in_psa or is_missing_in_erp) as is_absent,
  coalesce(sync_due_date < {{ as_of_date() }}, false)
  and (is_missing_in_psa or is_missing_in_erp or is_different_in_psa or is_different_in_erp) as is_gap
from compared
