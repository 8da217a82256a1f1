{#
  An amount in another currency, rounded to cents: unchanged in the same currency, NULL when the rate is missing.
  A quoted rate is multiplied; where only the opposite quotation exists, it is divided by that.
#}
{% macro converted(amount, from_currency, to_currency, fx) -%}
  cast(
    case
      when {{ from_currency }} = {{ to_currency }} then {{ amount }}
      when {{ fx }}.is_inverse then round({{ amount }} / {{ fx }}.rate, 2)
      else round({{ amount }} * {{ fx }}.rate, 2)
    end as decimal(18, 4)
  )
{%- endmacro %}

{# The product of exact factors rounded to cents, as an amount of money. #}
{% macro money(expression) -%}
  cast(round({{ expression }}, 2) as decimal(18, 4))
{%- endmacro %}
