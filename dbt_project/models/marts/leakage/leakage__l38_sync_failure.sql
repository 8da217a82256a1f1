with stuck as (
  select
    item_type,
    source_id,
    min(engagement_id) as engagement_id,
    min(contract_line_id) as contract_line_id,
    min(customer_id) as customer_id,
    min(project_id) as project_id,
    min(currency) as currency,
    sum(open_amount) as amount
  from {{ ref('ledger__items') }}
  group by item_type, source_id
),

found as (
  select
    sync.sync_record_id as subject_key,
    'control_gap' as verdict,
    sync.record_type as subject_type,
    case
      {% for domain, system in enabled_systems() %}
      when sync.from_domain = '{{ domain }}' then '{{ system }}'
      {% endfor %}
      when sync.from_domain is null then sync.source_system
    end as subject_system,
    sync.record_ref as subject_source_id,
    sync.sync_record_id as subject_id,
    stuck.engagement_id,
    stuck.contract_line_id,
    stuck.customer_id,
    stuck.project_id,
    cast(0 as decimal(18, 4)) as amount,
    stuck.currency,
    coalesce(stuck.amount, 0) as exposed_amount,
    'Repair the transfer of ' || replace(sync.record_type, '_', ' ') || ' ' || sync.record_ref
    || ' from ' || {{ said('sync.from_domain') }}
    || ' to ' || {{ said('sync.to_domain') }} || ': ' || coalesce(sync.error_class, sync.status) || ' after '
    || {{ said('sync.failed_count') }} || ' attempts.' as action,
    coalesce(sync.error_class, sync.status) as reason,
    {{ evidence([['sync_event', 'sync.source_system', 'sync.source_id']]) }} as evidence,
    cast(sync.first_failed_at as date) as expected_date,
    cast(sync.first_failed_at as date) as occurred_date,
    {{ dbt.datediff('sync.first_failed_at', as_of_date(), 'day') }} as days_past
  from {{ ref('ledger__sync_health') }} as sync
  left join stuck on sync.record_type = stuck.item_type and sync.record_ref = stuck.source_id
  -- A load of ours that failed makes its feed stale, which says itself what cannot be judged.
  where sync.is_past_sla and sync.record_type <> 'load'
)

{{ detector_findings('sync_failure', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'project_id', 'amount', 'currency', 'exposed_amount',
  'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
