{#
  The policies that models ask for, with the unit of their values, by the narrowest scope that is read: contract_line (or
  customer, legal_entity, global), domain (or global), or global alone. Plain literals: the check of the seeds reads them
  from this file.
#}
{% macro policy_definitions() %}
  {{ return({
    'contract_line': {
      'approval_sla': 'business_days', 'invoice_sla': 'business_days', 'milestone_sla': 'business_days',
      'backbill_window': 'days', 'price_correction_window': 'days', 'carry_rate': 'percent_per_year',
      'hold_stale': 'days', 'credit_rebill': 'days', 'billed_part_tolerance': 'amount',
      'allocation_tolerance': 'amount', 'materiality': 'amount', 'severity_medium': 'amount',
      'severity_high': 'amount', 'severity_high_probability': 'percent', 'revrec_tolerance_pct': 'percent',
      'revrec_tolerance_amount': 'amount', 'rebill_maturity': 'days', 'project_setup_sla': 'business_days',
      'change_order_sla': 'business_days', 'scope_escalation': 'days', 'expense_resubmission': 'days',
      'cap_warning': 'percent', 'contract_drift_amount': 'amount', 'contract_drift_pct': 'percent',
      'invoice_stuck_sla': 'business_days', 'invoice_stuck_loss': 'days', 'shortpay_grace': 'days',
      'shortpay_tolerance': 'amount', 'missing_time_sla': 'business_days', 'missing_time_tolerance': 'percent', 'lookback_limit': 'days',
      'statutory_limit': 'days'
    },
    'domain': {'feed_max_age': 'hours'},
    'global': {
      'fx_max_age': 'days', 'bank_match_window': 'days', 'sync_sla': 'hours', 'event_delay': 'hours',
      'intercompany_sla': 'business_days', 'recovery_maturity': 'days', 'exception_escalation': 'days',
      'longest_day': 'hours',
      'time_sync_sla': 'hours', 'expense_sync_sla': 'hours', 'invoice_sync_sla': 'hours', 'payment_sync_sla': 'hours'
    }
  }) }}
{% endmacro %}

{# The value of a policy that holds for the whole firm on the as-of date, as a scalar subquery. #}
{% macro global_policy(key) -%}
  {%- if policy_definitions().values() | map('list') | sum(start=[]) | select('equalto', key) | first is not defined -%}
    {{ exceptions.raise_compiler_error("no policy '" ~ key ~ "' is named in policy_definitions()") }}
  {%- endif -%}
  (
    select max(policy_value)
    from {{ ref('policies') }}
    where
      policy_key = '{{ key }}'
      and scope_type = 'global'
      and valid_from <= {{ as_of_date() }}
      and (valid_to is null or valid_to > {{ as_of_date() }})
  )
{%- endmacro %}

{# Whether a row of a scoped seed concerns a contract line. Arguments: the aliases of the seed and of contract_line. #}
{% macro is_in_scope(policy, line) -%}
  (
    {{ policy }}.scope_type = 'global'
    or ({{ policy }}.scope_type = 'legal_entity' and {{ policy }}.scope_id = {{ line }}.legal_entity_id)
    or ({{ policy }}.scope_type = 'customer' and {{ policy }}.scope_id = {{ line }}.customer_id)
    or ({{ policy }}.scope_type = 'contract_line' and {{ policy }}.scope_id = {{ line }}.contract_line_id)
  )
{%- endmacro %}

{# How narrow the scope of a row of a scoped seed is, the narrowest first. #}
{% macro scope_rank(policy) -%}
  case {{ policy }}.scope_type
    when 'contract_line' then 0 when 'customer' then 1 when 'legal_entity' then 2 else 3
  end
{%- endmacro %}
