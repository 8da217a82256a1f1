{% set base_currency = "'" ~ env_var('LEAKAGE_REPORTING_CURRENCY', 'USD') ~ "'" %}
with identity as (
  select
    subject_id,
    case when max(case when confidence = 'low' then 1 else 0 end) = 1 then 'low' else 'medium' end as confidence
  from {{ ref('inferred_link') }}
  group by subject_id
),

valued as (
  select
    found.*,
    -- What hangs on no contract line follows the policies of the firm.
    {% for key in ['materiality', 'severity_medium', 'severity_high', 'severity_high_probability'] %}
    coalesce(policies.{{ key }}, {{ global_policy(key) }}) as {{ key }},
    {% endfor %}
    loss.probability_pct,
    recoverability.recoverable_pct,
    recoverability.recoverable_lost_pct,
    loss.bucket as age_bucket,
    {{ converted('found.amount', 'found.currency', base_currency, 'fx') }} as base_amount,
    case when found.currency <> {{ base_currency }} then fx.rate end as base_fx_rate,
    case when found.currency <> {{ base_currency }} then fx.rate_date end as base_fx_rate_date,
    case when found.currency <> {{ base_currency }} then fx.is_inverse end as is_base_fx_inverse,
    -- Without a currency rate the figure itself ranks the finding: a missing rate must not make it look small.
    coalesce(
      {{ converted('coalesce(found.exposed_amount, found.amount)', 'found.currency', base_currency, 'fx') }},
      found.exposed_amount,
      found.amount
    ) as money_concerned
  from {{ ref('leakage__detected') }} as found
  left join {{ ref('ledger__contract_line_policies') }} as policies on found.contract_line_id = policies.contract_line_id
  left join {{ ref('recoverability') }} as recoverability
    on
      found.category = recoverability.category
      and greatest(found.days_past, 0) between recoverability.days_from and recoverability.days_to
  left join {{ ref('loss_probability') }} as loss on greatest(found.days_past, 0) between loss.days_from and loss.days_to
  left join {{ ref('ledger__fx_daily') }} as fx
    on
      found.currency = fx.from_currency
      and fx.to_currency = {{ base_currency }}
      and fx.calendar_date = {{ as_of_date() }}
)

select
  valued.finding_id,
  valued.detector_id,
  valued.category,
  valued.verdict,
  case
    when valued.verdict = 'compliance' then 'high'
    when coalesce(valued.money_concerned, 0) < coalesce(valued.materiality, 0) then 'low'
    when valued.money_concerned >= valued.severity_high then 'high'
    -- The final invoice of a closed project ends the right to bill what is left of it.
    when valued.category = 'closed_project_wip' then 'high'
    when valued.verdict = 'at_risk' and valued.probability_pct >= valued.severity_high_probability then 'high'
    when valued.money_concerned >= valued.severity_medium then 'medium'
    else 'low'
  end as severity,
  valued.subject_type,
  valued.subject_system,
  valued.subject_source_id,
  valued.subject_id,
  valued.engagement_id,
  valued.engagement_id as correlation_id,
  valued.contract_line_id,
  valued.customer_id,
  valued.project_id,
  valued.legal_entity_id,
  valued.customer_name,
  valued.contract_line_name,
  valued.project_name,
  project.service_line,
  valued.amount,
  valued.currency,
  valued.base_amount,
  {{ base_currency }} as base_currency,
  case when valued.base_fx_rate is not null then 'spot' end as base_fx_rate_type,
  valued.base_fx_rate_date,
  valued.base_fx_rate,
  valued.is_base_fx_inverse,
  valued.exposed_amount,
  valued.carry_cost_amount,
  case
    when valued.verdict = 'at_risk' and not valued.is_estimate
      then {{ money(percent_of('cast(valued.amount as decimal(19, 4))', 'valued.probability_pct')) }}
  end as expected_loss_amount,
  valued.owner,
  -- Beside what to do: on which record, and how long it helps.
  valued.action || ' [' || replace(valued.subject_type, '_', ' ') || ' ' || valued.subject_source_id || ' in '
  || valued.subject_system
  || case
    when valued.verdict = 'at_risk' and valued.recovery_deadline is not null
      then ', by ' || {{ said('valued.recovery_deadline') }}
    else ''
  end || ']' as action,
  valued.reason,
  valued.causes,
  valued.evidence,
  coalesce(identity.confidence, 'high') as identity_confidence,
  valued.expected_date,
  valued.occurred_date,
  valued.days_past,
  valued.age_bucket,
  valued.recovery_deadline,
  state.first_seen_at,
  coalesce(state.status, 'open') as status,
  state.decision_reason,
  state.decided_by,
  state.decided_date,
  {{ as_of_date() }} as as_of_date,
  valued.is_estimate,
  valued.is_live,
  valued.verdict in ('at_risk', 'confirmed_loss')
  and not valued.is_estimate
  and valued.is_live
  and coalesce(state.status, 'open') <> 'rejected' as is_counted,
  cast(coalesce(state.recovered_amount, 0) as decimal(18, 4)) as recovered_amount,
  case
    when valued.verdict = 'at_risk'
      then {{ money(percent_of('cast(valued.amount as decimal(19, 4))', 'coalesce(valued.recoverable_pct, 100)')) }}
    when valued.verdict = 'confirmed_loss'
      then {{ money(percent_of('cast(valued.amount as decimal(19, 4))', 'coalesce(valued.recoverable_lost_pct, 0)')) }}
  end as recoverable_amount,
  '2' as rule_version
from valued
left join {{ ref('project') }} as project on valued.project_id = project.project_id
left join identity on valued.subject_id = identity.subject_id
left join {{ ref('leakage__finding_states') }} as state on valued.finding_id = state.finding_id
