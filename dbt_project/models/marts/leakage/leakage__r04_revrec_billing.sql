{% set action %}
'Defer ' || {{ shown('abs(revenue.difference_amount)', 'revenue.currency') }} || ' of ' || line.name || ': it was recognised when billed, before it was earned by ' || revenue.revrec_method || '.'
{% endset %}
{{ revenue_findings('revrec_billing', 'revenue.difference_amount', action) }}
