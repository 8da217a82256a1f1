{# The day of a Finance date, which comes as noon UTC; NULL for the two days by which Finance says "none" and "open". #}
{% macro finance_day(column) -%}
  case
    when cast({{ column }} as date) in (cast('1900-01-01' as date), cast('2154-12-31' as date)) then null
    else cast({{ column }} as date)
  end
{%- endmacro %}

{# Company and number of every posted document with the id of our invoice, as a subquery; Finance gives a number once. #}
{% macro posted_finance_documents() -%}
  (
    select
      legal_entity_source_id as company,
      invoice_number,
      min(source_id) as source_id
    from {{ ref('map_dynamics365__invoice') }}
    where status = 'posted'
    group by
      legal_entity_source_id,
      invoice_number
  )
{%- endmacro %}

{# What an invoice line is for, by its project category; every other category is a kind of service. #}
{% macro finance_line_type(category) -%}
  case {{ category }}
    when 'RETAINAGE' then 'retainage'
    when 'RETAINREL' then 'retainage_release'
    when 'TRUEUP' then 'true_up'
    when 'RETAINER' then 'retainer'
    when 'LATEFEE' then 'late_fee'
    else 'items'
  end
{%- endmacro %}
