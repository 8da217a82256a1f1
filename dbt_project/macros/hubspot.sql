{# A checkbox, which arrives as text; NULL when it was never ticked nor unticked. #}
{% macro hubspot_bool(column) -%}
  case lower(trim({{ column }})) when 'true' then true when 'false' then false end
{%- endmacro %}

{#
  The record of to_type that each record of from_type is associated with, one row per from_id: the one labelled Primary, else
  the one with the lowest id. Without a living association, the last one it had (is_deleted), for records that were archived:
  those lose their associations. label narrows it to associations with that label.
#}
{% macro hubspot_associated(from_type, to_type, label=none) %}
  select from_id, to_id, is_deleted
  from (
    select
      from_id,
      to_id,
      is_deleted,
      row_number() over (
        partition by from_id
        order by
          case when is_deleted then 1 else 0 end asc nulls last,
          case when lower(trim(label)) = 'primary' then 0 else 1 end asc nulls last,
          to_id asc nulls last,
          category asc nulls last,
          association_type_id asc nulls last
      ) as preference
    from {{ ref('stg_hubspot__associations') }}
    where from_type = '{{ from_type }}' and to_type = '{{ to_type }}'
    {% if label %}and label = '{{ label }}'{% endif %}
  ) as ranked
  where preference = 1
{% endmacro %}
