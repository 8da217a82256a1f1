{% set action %}
'Reverse ' || {{ shown('abs(revenue.difference_amount)', 'revenue.currency') }} || ' on ' || line.name || ': recognised to ' || {{ said('revenue.period_end_date') }} || ' but not earned by ' || revenue.revrec_method || '.'
{% endset %}
{{ revenue_findings('revrec_over', 'revenue.difference_amount', action) }}
