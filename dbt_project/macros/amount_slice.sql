{#
  The slice of an amount between two percentages of it (0 to 100), in cents. Neighbouring slices share their border,
  so the slices from 0 to 100 add up to the amount exactly, whatever the rounding.
#}
{% macro amount_slice(amount, start_percentage, end_percentage) -%}
  cast(
    {{ _part_up_to(amount, end_percentage) }}
    - {{ _part_up_to(amount, start_percentage) }} as decimal(18, 4)
  )
{%- endmacro %}

{% macro _part_up_to(amount, percentage) -%}
  case
    when {{ percentage }} >= 100 then {{ amount }}
    when {{ percentage }} <= 0 then 0
    else {{ money('cast(' ~ amount ~ ' as decimal(18, 4)) * cast(' ~ percentage ~ ' * 0.01 as decimal(12, 10))') }}
  end
{%- endmacro %}
