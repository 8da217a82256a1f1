with used as (
  select
    item.contract_line_id,
    cap.currency,
    max(cap.cap_amount) as cap_amount,
    max(cap.committed_amount) as committed_amount,
    sum(cap.over_cap_amount) as over_cap_amount,
    max(item.service_date) as last_date
  from {{ ref('ledger__caps') }} as cap
  inner join {{ ref('ledger__items') }} as item on cap.item_id = item.item_id
  -- A change order in another currency may have raised the cap: nobody can say what is left of it.
  -- Committed is what is billed and what is approved; it precedes what waits for approval.
  where item.item_type <> 'expense_item' and item.status = 'approved' and not coalesce(cap.is_cap_unsure, false)
  group by item.contract_line_id, cap.currency
),

used_of_contract as (
  select
    cap.engagement_id,
    cap.currency,
    max(cap.cap_amount) as cap_amount,
    max(cap.committed_amount) as committed_amount,
    sum(cap.over_cap_amount) as over_cap_amount,
    max(item.service_date) as last_date
  from {{ ref('ledger__contract_caps') }} as cap
  inner join {{ ref('ledger__items') }} as item on cap.item_id = item.item_id
  where item.status = 'approved' and not cap.is_cap_unsure
  group by cap.engagement_id, cap.currency
),

reached as (
  select
    line.contract_line_id as subject_key,
    'contract_line' as subject_type,
    line.source_system,
    line.source_id,
    line.name,
    line.engagement_id,
    line.contract_line_id,
    line.customer_id,
    line.legal_entity_id,
    used.currency,
    used.cap_amount,
    used.committed_amount,
    used.over_cap_amount,
    used.last_date,
    policies.cap_warning
  from used
  inner join {{ ref('contract_line') }} as line on used.contract_line_id = line.contract_line_id
  inner join {{ ref('ledger__contract_line_policies') }} as policies on used.contract_line_id = policies.contract_line_id

  union all

  select
    engagement.engagement_id as subject_key,
    'engagement' as subject_type,
    engagement.source_system,
    engagement.source_id,
    engagement.name,
    engagement.engagement_id,
    cast(null as {{ dbt.type_string() }}) as contract_line_id,
    engagement.customer_id,
    engagement.legal_entity_id,
    used.currency,
    used.cap_amount,
    used.committed_amount,
    used.over_cap_amount,
    used.last_date,
    policies.cap_warning
  from used_of_contract as used
  inner join {{ ref('engagement') }} as engagement on used.engagement_id = engagement.engagement_id
  inner join {{ ref('ledger__engagement_policies') }} as policies on used.engagement_id = policies.engagement_id
),

found as (
  select
    used.subject_key,
    case when used.over_cap_amount > 0 then 'not_leakage' else 'control_gap' end as verdict,
    used.subject_type,
    used.source_system as subject_system,
    used.source_id as subject_source_id,
    used.subject_key as subject_id,
    used.engagement_id,
    used.contract_line_id,
    used.customer_id,
    used.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    used.currency,
    used.over_cap_amount as exposed_amount,
    case
      when used.over_cap_amount > 0
        then 'Stop, or agree a change order for ' || coalesce(used.name, used.source_id) || ': '
          || {{ shown('used.over_cap_amount', 'used.currency') }} || ' lie above its cap of '
      else 'Watch ' || coalesce(used.name, used.source_id) || ': ' || {{ shown('used.committed_amount', 'used.currency') }}
        || ' are used of its cap of '
    end
    || {{ shown('used.cap_amount', 'used.currency') }} || '.' as action,
    case when used.over_cap_amount > 0 then 'over_cap' else 'cap_warning' end as reason,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id'],
      ['contract_line', 'line.source_system', 'line.source_id']
    ]) }} as evidence,
    used.last_date as expected_date,
    used.last_date as occurred_date,
    cast(0 as int) as days_past
  from reached as used
  left join {{ ref('contract_line') }} as line on used.contract_line_id = line.contract_line_id
  left join {{ ref('engagement') }} as engagement on used.engagement_id = engagement.engagement_id
  where used.committed_amount >= {{ percent_of('cast(used.cap_amount as decimal(19, 4))', 'used.cap_warning') }}
)

{{ detector_findings('cap_reached', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
