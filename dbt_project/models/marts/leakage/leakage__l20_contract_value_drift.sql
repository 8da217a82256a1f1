-- The value of a contract line as agreed, as the delivery system has it, and as the ledger has it; and change orders in another
-- currency than their line's, which add up to no value. What change orders add is compared by L17.
with copies as (
  select
    known.contract_line_id,
    max(case when known.source_domain = 'psa' then known.amount end) as psa_amount,
    max(case when known.source_domain = 'erp' then known.amount end) as erp_amount
  from {{ ref('contract_value') }} as known
  inner join {{ ref('contract_line') }} as line on known.contract_line_id = line.contract_line_id
  where not known.is_deleted and known.currency = line.currency
  group by known.contract_line_id
),

compared as (
  select
    line.contract_line_id,
    greatest(
      coalesce(abs(line.contract_amount - copies.psa_amount), 0),
      coalesce(abs(line.contract_amount - copies.erp_amount), 0),
      coalesce(abs(copies.psa_amount - copies.erp_amount), 0)
    ) as drift_amount,
    copies.psa_amount,
    copies.erp_amount
  from {{ ref('contract_line') }} as line
  inner join copies on line.contract_line_id = copies.contract_line_id
  where not line.is_deleted
),

drifted as (
  select
    line.contract_line_id as subject_key,
    'control_gap' as verdict,
    'contract_line' as subject_type,
    line.source_system as subject_system,
    line.source_id as subject_source_id,
    line.contract_line_id as subject_id,
    line.engagement_id,
    line.contract_line_id,
    line.customer_id,
    line.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    line.currency,
    compared.drift_amount as exposed_amount,
    'Correct the value of ' || coalesce(line.name, line.source_id) || ': agreed '
    || coalesce({{ shown('line.contract_amount', 'line.currency') }}, 'unknown') || ', in delivery '
    || coalesce({{ shown('compared.psa_amount', 'line.currency') }}, 'unknown') || ', in the ledger '
    || coalesce({{ shown('compared.erp_amount', 'line.currency') }}, 'unknown') || '.' as action,
    cast(null as {{ dbt.type_string() }}) as reason,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id'],
      ['contract_line', 'line.source_system', 'line.source_id']
    ]) }} as evidence,
    line.start_date as expected_date,
    line.start_date as occurred_date,
    cast(0 as int) as days_past
  from compared
  inner join {{ ref('contract_line') }} as line on compared.contract_line_id = line.contract_line_id
  inner join {{ ref('ledger__contract_line_policies') }} as policies on line.contract_line_id = policies.contract_line_id
  left join {{ ref('engagement') }} as engagement on line.engagement_id = engagement.engagement_id
  where
    compared.drift_amount > greatest(
      policies.contract_drift_amount,
      {{ percent_of(
        'cast(coalesce(line.contract_amount, compared.psa_amount) as decimal(19, 4))', 'policies.contract_drift_pct'
      ) }}
    )
),

foreign_changes as (
  select
    change_order.change_order_id as subject_key,
    'control_gap' as verdict,
    'change_order' as subject_type,
    change_order.source_system as subject_system,
    change_order.source_id as subject_source_id,
    change_order.change_order_id as subject_id,
    line.engagement_id,
    line.contract_line_id,
    line.customer_id,
    line.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    change_order.currency,
    greatest(abs(coalesce(change_order.delta_amount, 0)), abs(coalesce(change_order.cap_delta_amount, 0))) as exposed_amount,
    'Restate change order ' || coalesce(change_order.co_number, change_order.source_id) || ' in ' || line.currency
    || ', the currency of ' || coalesce(line.name, line.source_id) || '; until then its price or cap is not known.' as action,
    'change_order_currency' as reason,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id'],
      ['contract_line', 'line.source_system', 'line.source_id'],
      ['change_order', 'change_order.source_system', 'change_order.source_id']
    ]) }} as evidence,
    change_order.approved_date as expected_date,
    change_order.approved_date as occurred_date,
    {{ dbt.datediff('change_order.approved_date', as_of_date(), 'day') }} as days_past
  from {{ ref('change_order') }} as change_order
  inner join {{ ref('contract_line') }} as line on change_order.contract_line_id = line.contract_line_id
  left join {{ ref('engagement') }} as engagement on line.engagement_id = engagement.engagement_id
  where
    change_order.status = 'approved'
    and not change_order.is_deleted
    and not line.is_deleted
    and change_order.approved_date <= {{ as_of_date() }}
    and change_order.currency <> line.currency
    and (change_order.delta_amount <> 0 or change_order.cap_delta_amount <> 0)
),

found as (
  select * from drifted
  union all
  select * from foreign_changes
)

{{ detector_findings('contract_value_drift', ['subject_type', 'subject_system', 'subject_source_id',
  'subject_id', 'engagement_id', 'contract_line_id', 'customer_id', 'legal_entity_id', 'amount', 'currency',
  'exposed_amount', 'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
