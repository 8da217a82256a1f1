{% set action %}
'Defer ' || {{ shown('abs(revenue.difference_amount)', 'revenue.currency') }} || ' of '
  || coalesce(line.name, line.source_id) || ': it was recognised when billed, before it was earned by '
  || replace(revenue.revrec_method, '_', ' ') || '.'
{% endset %}
{{ revenue_findings('revrec_billing', 'revenue.difference_amount', action) }}
