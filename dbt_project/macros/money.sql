{#
  An amount in another currency, rounded to cents: unchanged in the same currency, NULL when the rate is missing.
  A quoted rate is multiplied; where only the opposite quotation exists, it is divided by that.
#}
{% macro converted(amount, from_currency, to_currency, fx) -%}
  cast(
    case
      when {{ from_currency }} = {{ to_currency }} then {{ amount }}
      when {{ fx }}.is_inverse then round({{ quotient(amount, fx ~ '.rate') }}, 2)
      else round(cast({{ amount }} as decimal(20, 4)) * {{ fx }}.rate, 2)
    end as decimal(18, 4)
  )
{%- endmacro %}

{# The published rates of a type in both directions, the opposite of what is quoted marked as such. #}
{% macro quotations(rate_type) -%}
  select
    from_currency,
    to_currency,
    rate_date,
    rate,
    false as is_inverse
  from {{ ref('fx_rate') }}
  where rate_type = '{{ rate_type }}' and not is_deleted and rate > 0
  union all
  select
    to_currency as from_currency,
    from_currency as to_currency,
    rate_date,
    rate,
    true as is_inverse
  from {{ ref('fx_rate') }}
  where rate_type = '{{ rate_type }}' and not is_deleted and rate > 0
{%- endmacro %}

{# The product of exact factors rounded to cents, as an amount of money. #}
{% macro money(expression) -%}
  cast(round({{ expression }}, 2) as decimal(18, 4))
{%- endmacro %}

{#
  A percentage of an exact amount without a division, which would leave the decimals (5 % of 10.00 is exactly 0.5000).
  The amount is 19 digits or wider: two narrower decimals multiply in 64 bits on DuckDB and overflow at 9 million.
#}
{% macro percent_of(amount, percent) -%}
  {{ amount }} * cast(({{ percent }}) * cast(0.01 as decimal(3, 2)) as decimal(9, 6))
{%- endmacro %}

{#
  A quotient of exact numbers. Engines divide decimals as floating point, where a half cent may lie just below or above
  the half: six decimals bring it back before anything is rounded to cents.
#}
{% macro quotient(dividend, divisor) -%}
  cast(({{ dividend }}) / ({{ divisor }}) as decimal(28, 6))
{%- endmacro %}

{# A rate that rises by a percentage several times over; every rise is rounded, as on the card that a firm would print. #}
{% macro raised(rate, percent, times) -%}
  {%- set ns = namespace(expression=rate) -%}
  {%- for _ in range(times) -%}
    {%- set ns.expression = 'cast(round(' ~ percent_of('cast(' ~ ns.expression ~ ' as decimal(20, 6))', '100 + ' ~ percent) ~ ', 6) as decimal(18, 6))' -%}
  {%- endfor -%}
  {{ ns.expression }}
{%- endmacro %}

{#
  What one of several parts gets of an amount that is spread over them in proportion, rounded to cents; the shares add up to the
  amount exactly. Arguments: the amount, the part, the parts up to and with this one in a fixed order, and all of them.
#}
{% macro cumulative_share(amount, part, running, total) -%}
  {{ money(quotient('cast(' ~ amount ~ ' as decimal(20, 4)) * (' ~ running ~ ')', total)) }}
  - {{ money(quotient('cast(' ~ amount ~ ' as decimal(20, 4)) * (' ~ running ~ ' - (' ~ part ~ '))', total)) }}
{%- endmacro %}

{# Of several amounts the one nearest to a target: the first of equals, and the first where the target is not known. #}
{% macro nearest_to(target, amounts) -%}
  {%- set distances = [] -%}
  {%- for amount in amounts %}{% do distances.append('abs(' ~ target ~ ' - ' ~ amount ~ ')') %}{% endfor -%}
  case
    {%- for amount in amounts %}
    when {{ distances[loop.index0] }} = least({{ distances | join(', ') }}) then {{ amount }}
    {%- endfor %}
    else {{ amounts[0] }}
  end
{%- endmacro %}
