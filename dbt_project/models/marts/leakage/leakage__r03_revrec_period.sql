{% set action %}
'Move ' || {{ shown('revenue.largest_earlier_difference_amount', 'revenue.currency') }} || ' of '
  || coalesce(line.name, line.source_id) || ' to the period of the work; the total to '
  || {{ said('revenue.period_end_date') }} || ' is right.'
{% endset %}
{{ revenue_findings('revrec_period', 'revenue.largest_earlier_difference_amount', action) }}
