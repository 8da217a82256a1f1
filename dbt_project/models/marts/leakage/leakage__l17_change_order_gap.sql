{% set action %}
'Bring the change order of ' || context.contract_line_name || ' into delivery and billing; '
  || {{ shown('claim.amount', 'claim.currency') }} || ' of work waits for it.'
{% endset %}
with blocked as (
  select
    contract_line_id,
    currency,
    sum(amount) as amount
  from {{ ref('ledger__item_claims') }}
  where category = 'change_order_gap'
  group by contract_line_id, currency
),

-- Each change order accounts for as much of the blocked work of its line as is missing of it, the oldest first; one in another
-- currency than the line's for none.
gaps as (
  select
    sync.*,
    greatest(abs(sync.missing_delta_amount), abs(sync.missing_cap_delta_amount)) as change_amount,
    sum(greatest(abs(sync.missing_delta_amount), abs(sync.missing_cap_delta_amount))) over (
      partition by sync.contract_line_id, sync.currency
      order by sync.approved_date asc nulls last, sync.change_order_id asc nulls last
      rows between unbounded preceding and current row
    ) as running_amount,
    coalesce(blocked.amount, 0) as blocked_amount
  from {{ ref('ledger__change_order_sync') }} as sync
  left join blocked
    on
      sync.contract_line_id = blocked.contract_line_id
      and coalesce(sync.currency, blocked.currency) = blocked.currency
  where sync.is_gap
),

exposed as (
  select
    gaps.*,
    greatest(0, least(change_amount, running_amount - blocked_amount)) as exposed_amount
  from gaps
),

found as (
  select
    sync.change_order_id as subject_key,
    'control_gap' as verdict,
    'change_order' as subject_type,
    change_order.source_system as subject_system,
    change_order.source_id as subject_source_id,
    change_order.change_order_id as subject_id,
    sync.engagement_id,
    sync.contract_line_id,
    engagement.customer_id,
    engagement.legal_entity_id,
    cast(0 as decimal(18, 4)) as amount,
    sync.currency,
    sync.exposed_amount,
    'Change order ' || coalesce(sync.co_number, change_order.source_id) || ', approved '
    || {{ said('sync.approved_date') }} || ': '
    || case when sync.is_missing_in_psa then 'create its budget in delivery; ' else '' end
    || case when sync.is_missing_in_erp then 'create its billing schedule in the ledger; ' else '' end
    || case when sync.is_different_in_psa then 'correct its amount in delivery; ' else '' end
    || case when sync.is_different_in_erp then 'correct its amount in the ledger; ' else '' end
    || {{ shown('sync.change_amount - sync.exposed_amount', "coalesce(sync.currency, '')") }}
    || ' of delivered work waits.' as action,
    case
      when sync.is_missing_in_psa and sync.is_missing_in_erp then 'missing_in_psa_and_erp'
      when sync.is_missing_in_psa then 'missing_in_psa'
      when sync.is_missing_in_erp then 'missing_in_erp'
      when sync.is_different_in_psa and sync.is_different_in_erp then 'differs_in_psa_and_erp'
      when sync.is_different_in_psa then 'differs_in_psa'
      else 'differs_in_erp'
    end as reason,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id'],
      ['change_order', 'change_order.source_system', 'change_order.source_id']
    ]) }} as evidence,
    sync.sync_due_date as expected_date,
    sync.approved_date as occurred_date,
    {{ dbt.datediff('sync.sync_due_date', as_of_date(), 'day') }} as days_past
  from exposed as sync
  inner join {{ ref('change_order') }} as change_order on sync.change_order_id = change_order.change_order_id
  left join {{ ref('engagement') }} as engagement on sync.engagement_id = engagement.engagement_id
)

{{ claim_findings('change_order_gap', action) }}
union all
{{ detector_findings('change_order_gap', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'legal_entity_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
