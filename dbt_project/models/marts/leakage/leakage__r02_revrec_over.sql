{% set action %}
'Reverse ' || {{ shown('abs(revenue.difference_amount)', 'revenue.currency') }} || ' on '
  || coalesce(line.name, line.source_id) || ': recognised to ' || {{ said('revenue.period_end_date') }}
  || ' but not earned by ' || replace(revenue.revrec_method, '_', ' ') || '.'
{% endset %}
{{ revenue_findings('revrec_over', 'revenue.difference_amount', action) }}
