{#
  The day on which a milestone was accepted, as known on the as-of date: by the customer, or by the contract once the customer
  has said nothing until its last day for that. Argument: the alias of milestone.
#}
{% macro milestone_accepted_date(milestone) -%}
  case
    when
      {{ milestone }}.deemed_date <= {{ as_of_date() }}
      and coalesce({{ milestone }}.accepted_date > {{ milestone }}.deemed_date, true)
      then {{ milestone }}.deemed_date
    else {{ come_by_as_of(milestone ~ '.accepted_date') }}
  end
{%- endmacro %}
