{#
  Business attributes that an account keeps in custom fields, one row per record of subject_type, one column per purpose.
  purposes maps a purpose to the column that holds it: display_value (texts and choices) or value_text (dates, numbers); an
  amount is in amount_subunits of the value's own currency, which <purpose>_currency says.
  What the account calls each purpose was loaded with its data. A record that is deleted takes its values along; with owner
  (its staging model and that one's key) it keeps those that it had.
#}
{% macro kantata_custom_fields(subject_type, purposes, owner=none) %}
  select
    field_value.subject_id,
    {% for purpose, column in purposes.items() %}
    {% if column == 'amount_subunits' %}
    max(case when purpose.purpose = '{{ purpose }}' then field_value.amount_currency end) as {{ purpose }}_currency,
    {% endif %}
    max(case when purpose.purpose = '{{ purpose }}' then field_value.{{ column }} end) as {{ purpose }}{{ ',' if not loop.last }}
    {% endfor %}
  from {{ ref('stg_kantata__custom_field_values') }} as field_value
  inner join {{ ref('stg_kantata__field_purposes') }} as purpose
    on purpose.kind = 'custom_field'
    and field_value.subject_type = purpose.subject_type
    and field_value.custom_field_name = purpose.name
  {{ kantata_owner('field_value', owner) }}
  where field_value.subject_type = '{{ subject_type }}' and not purpose.is_deleted
    and {{ kantata_counts('field_value', owner) }}
  group by field_value.subject_id
{% endmacro %}

{#
  Business attributes that an account keeps in external references, one row per record of subject_type: for each purpose
  the id in the other system (<purpose>), the message beside it (<purpose>_message) and whether it refers at all
  (has_<purpose>). owner as for custom fields.
#}
{% macro kantata_references(subject_type, purposes, owner=none) %}
  select
    reference.subject_id,
    {% for purpose in purposes %}
    max(case when purpose.purpose = '{{ purpose }}' then reference.service_model_ref end) as {{ purpose }},
    max(case when purpose.purpose = '{{ purpose }}' then reference.external_message end) as {{ purpose }}_message,
    max(case when purpose.purpose = '{{ purpose }}' then 1 else 0 end) = 1 as has_{{ purpose }}{{ ',' if not loop.last }}
    {% endfor %}
  from {{ ref('stg_kantata__external_references') }} as reference
  inner join {{ ref('stg_kantata__field_purposes') }} as purpose
    on purpose.kind = 'external_reference'
    and reference.subject_type = purpose.subject_type
    and reference.service_model = purpose.name
  {{ kantata_owner('reference', owner) }}
  where reference.subject_type = '{{ subject_type }}' and not purpose.is_deleted
    and {{ kantata_counts('reference', owner) }}
  group by reference.subject_id
{% endmacro %}

{# The record that a value or reference is on, where its deletion matters. #}
{% macro kantata_owner(note, owner) %}
  {%- if owner -%}left join {{ ref(owner[0]) }} as owner on {{ note }}.subject_id = owner.{{ owner[1] }}{%- endif -%}
{% endmacro %}

{# Whether a value or reference counts: it is there, or it went with its record. #}
{% macro kantata_counts(note, owner) %}
  {%- if owner -%}(not {{ note }}.is_deleted or owner.is_deleted){%- else -%}not {{ note }}.is_deleted{%- endif -%}
{% endmacro %}

{# Whole subunits of a currency as money, or as a rate; NULL when it is not known how many subunits make one unit. #}
{% macro kantata_units(subunits, subunits_per_unit, type) -%}
  cast(round(cast({{ subunits }} as decimal(18, 4)) / {{ subunits_per_unit }}, 6) as {{ type }})
{%- endmacro %}

{# Whole minutes as decimal hours. #}
{% macro kantata_hours(minutes) -%}
  cast(round(cast({{ minutes }} as decimal(18, 4)) / 60, 4) as decimal(9, 4))
{%- endmacro %}
