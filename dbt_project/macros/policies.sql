{# The value of a policy that holds for the whole firm on the as-of date, as a scalar subquery. #}
{% macro global_policy(key) -%}
  (
    select max(policy_value)
    from {{ ref('policies') }}
    where
      policy_key = '{{ key }}'
      and scope_type = 'global'
      and valid_from <= {{ as_of_date() }}
      and (valid_to is null or valid_to > {{ as_of_date() }})
  )
{%- endmacro %}
