{% set action %}
'Defer ' || {{ shown('abs(revenue.difference_amount)', 'revenue.currency') }} || ' of '
  || coalesce(line.name, line.source_id) || ': it was recognised when billed, before it was earned by '
  || revenue.revrec_method || '.'
{% endset %}
{{ revenue_findings('revrec_billing', 'revenue.difference_amount', action) }}
