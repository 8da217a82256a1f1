{# Sentences for people, from templates of the policies: engines differ in how they write numbers and names of months. #}

{# A template with each {placeholder} replaced by an SQL text; it begins with a capital letter. #}
{% macro filled(template, values) -%}
  {%- set ns = namespace(text=template) -%}
  {%- for name, value in values.items() -%}
    {%- set ns.text = "replace(" ~ ns.text ~ ", '{" ~ name ~ "}', " ~ value ~ ")" -%}
  {%- endfor -%}
  upper(substr({{ ns.text }}, 1, 1)) || substr({{ ns.text }}, 2)
{%- endmacro %}

{# An amount as people say it: 42,300 EUR, with cents only below a hundred; an unknown amount is said to be unknown. #}
{% macro spoken_money(amount, currency) -%}
  {{ adapter.dispatch('spoken_money', 'leakage')(amount, currency) }}
{%- endmacro %}

{% macro duckdb__spoken_money(amount, currency) -%}
  coalesce(
    case
      when abs({{ amount }}) >= 100 or {{ amount }} = 0 then format('{:,}', cast(round({{ amount }}, 0) as bigint))
      else cast(cast({{ amount }} as decimal(18, 2)) as varchar)
    end || ' ' || {{ currency }},
    'an unknown amount'
  )
{%- endmacro %}

{# The month of a date: March, or March 2025 when that is not the year of the other date. #}
{% macro spoken_month(date, seen_from) -%}
  {{ adapter.dispatch('spoken_month', 'leakage')(date, seen_from) }}
{%- endmacro %}

{% macro duckdb__spoken_month(date, seen_from) -%}
  case when year({{ date }}) = year({{ seen_from }}) then strftime({{ date }}, '%B') else strftime({{ date }}, '%B %Y') end
{%- endmacro %}

{# In how many days something happens: today, tomorrow, in 5 days. #}
{% macro spoken_days(days) -%}
  case {{ days }} when 0 then 'today' when 1 then 'tomorrow' else 'in ' || cast({{ days }} as {{ dbt.type_string() }}) || ' days' end
{%- endmacro %}
