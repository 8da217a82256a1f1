{% set action %}
case
    when claim.reason = 'notice_missed'
      then 'The rise of ' || {{ shown('claim.amount', 'claim.currency') }} || ' on ' || context.contract_line_name
        || ' is lost: it was not announced in time; announce the next one.'
    else 'Issue a supplementary invoice of ' || {{ shown('claim.amount', 'claim.currency') }} || ' to '
      || context.customer_name || ': the yearly rise of ' || context.contract_line_name
      || ' was not billed for ' || {{ said('context.service_date') }} || '.'
  end
{% endset %}
{{ claim_findings('rate_uplift_missed', action) }}
