{#
  The status of a change order on the as-of date: what was approved later was not approved yet, and what nobody signed by its
  last day is expired. Argument: the alias of change_order.
#}
{% macro change_order_status(change_order) -%}
  case
    when {{ change_order }}.status = 'approved' and {{ change_order }}.approved_date > {{ as_of_date() }} then 'pending'
    when {{ change_order }}.status in ('draft', 'pending') and {{ change_order }}.expiry_date < {{ as_of_date() }} then 'expired'
    else {{ change_order }}.status
  end
{%- endmacro %}

{#
  Whether a change order holds on the as-of date: signed, and in effect. One that takes effect retroactively counts from the day
  it was approved. Argument: the alias of change_order.
#}
{% macro is_in_force(change_order) -%}
  {{ change_order }}.status = 'approved'
  and not {{ change_order }}.is_deleted
  and coalesce({{ change_order }}.effective_date, {{ change_order }}.approved_date) <= {{ as_of_date() }}
  and coalesce({{ change_order }}.approved_date, {{ change_order }}.effective_date) <= {{ as_of_date() }}
{%- endmacro %}
