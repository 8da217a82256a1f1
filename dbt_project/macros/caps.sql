{#
  Which items use a cap, whatever agreement it is in: approved or waiting for approval, entitled, with a known value, entered
  once. Work for a change order that nobody signed lies outside of what a cap is agreed for. Arguments: the aliases of
  ledger__billable_items, its ledger__item_billing and its change_order.
#}
{% macro uses_cap(item, billing, change_order) -%}
  {{ item }}.not_entitled_reason is null
  and {{ billing }}.repeats_item_id is null
  and {{ item }}.entitled_amount is not null
  and {{ item }}.status in ('approved', 'submitted')
  and coalesce({{ change_order_status(change_order) }}, 'approved') not in ('draft', 'pending')
{%- endmacro %}

{#
  What has used a cap up to and including an item: what is billed, item by item and then in lump sums that name no item; then
  approved work in the order of its dates, then what still waits for approval. Arguments: the alias of the counted items (with
  billed_amount, lump_sum_amount, status, service_date, item_id), the column that uses the cap and the columns of the cap.
#}
{% macro used_of_cap(counted, amount, cap) -%}
  case when {{ counted }}.billed_amount > 0 then 0 else {{ counted }}.lump_sum_amount end
  + sum({{ counted }}.{{ amount }}) over (
    partition by {{ cap }}
    order by
      case when {{ counted }}.billed_amount > 0 then 0 when {{ counted }}.status = 'approved' then 1 else 2 end asc nulls last,
      {{ counted }}.service_date asc nulls last,
      {{ counted }}.item_id asc nulls last
    rows between unbounded preceding and current row
  )
{%- endmacro %}

{# The part of an amount that lies above the cap, once ``committed`` has been used up to and including it. #}
{% macro above_cap(amount, committed, cap) -%}
  greatest(0, least({{ amount }}, {{ committed }} - {{ cap }}))
{%- endmacro %}
