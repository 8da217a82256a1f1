{% set action %}
'Bill ' || {{ shown('claim.amount', 'claim.currency') }} || ' of the closed project ' || context.project_name
  || ' before its final invoice; work date ' || {{ said('context.service_date') }} || '.'
{% endset %}
{{ claim_findings('closed_project_wip', action) }}
