{% set action %}
'Ask ' || context.approver || ' to approve or reject ' || {{ claimed_hours() }}
  || ' h of ' || context.resource_name
  || ' on ' || {{ said('context.service_date') }} || ' (' || {{ shown('claim.amount', 'claim.currency') }} || ').'
{% endset %}
{{ claim_findings('unapproved_time', action) }}
