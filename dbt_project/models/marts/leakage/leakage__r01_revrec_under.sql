{% set action %}
'Recognise ' || {{ shown('abs(revenue.difference_amount)', 'revenue.currency') }} || ' more on '
  || coalesce(line.name, line.source_id) || ': earned to ' || {{ said('revenue.period_end_date') }} || ' by '
  || replace(revenue.revrec_method, '_', ' ') || ' but not recognised.'
{% endset %}
{{ revenue_findings('revrec_under', '-revenue.difference_amount', action) }}
