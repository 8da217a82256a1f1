{% set action %}
case
    when claim.reason = 'before_change_order' then 'Have the change order cover what was done before it: '
    when ';' || claim.causes || ';' like '%;approval_overdue;%'
      then 'Escalate to the sponsor of the engagement; get the change order signed or stop: '
    else 'Get the change order signed or stop: '
  end
  || {{ claimed_hours() }} || ' h, '
  || {{ shown('claim.amount', 'claim.currency') }} || ', were delivered to ' || context.customer_name || ' without it.'
{% endset %}
{{ claim_findings('unapproved_scope', action) }}
