{# Findings of one revenue-recognition category from the positions at the latest closed month; compliance, no leakage money. #}
{% macro revenue_findings(category, amount, action) %}
  select
    {{ dbt.hash("detector.detector_id || '|' || revenue.contract_line_id || '|' || revenue.book") }} as finding_id,
    detector.detector_id,
    detector.category,
    'compliance' as verdict,
    'contract_line' as subject_type,
    line.source_system as subject_system,
    line.source_id as subject_source_id,
    revenue.contract_line_id as subject_id,
    revenue.engagement_id,
    revenue.contract_line_id,
    line.customer_id,
    cast(null as {{ dbt.type_string() }}) as project_id,
    line.legal_entity_id,
    coalesce(customer.name, 'unknown customer') as customer_name,
    coalesce(line.name, 'no contract line') as contract_line_name,
    'no project' as project_name,
    cast(0 as decimal(18, 4)) as amount,
    revenue.currency,
    cast({{ amount }} as decimal(18, 4)) as exposed_amount,
    cast(null as decimal(18, 4)) as carry_cost_amount,
    detector.owner,
    {{ action }} as action,
    revenue.revrec_method as reason,
    cast(null as {{ dbt.type_string() }}) as causes,
    {{ evidence([
      ['opportunity', 'engagement.source_system', 'engagement.opportunity_source_id'],
      ['contract', 'engagement.source_system', 'engagement.source_id'],
      ['contract_line', 'line.source_system', 'line.source_id']
    ]) }} as evidence,
    revenue.period_end_date as expected_date,
    revenue.period_end_date as occurred_date,
    cast(0 as int) as days_past,
    cast(null as date) as recovery_deadline
  from {{ ref('leakage__revenue_positions') }} as revenue
  inner join {{ ref('contract_line') }} as line on revenue.contract_line_id = line.contract_line_id
  inner join {{ ref('detectors') }} as detector on detector.category = '{{ category }}'
  left join {{ ref('engagement') }} as engagement on revenue.engagement_id = engagement.engagement_id
  left join {{ ref('customer') }} as customer on line.customer_id = customer.customer_id
  where revenue.position_class = '{{ category }}'
{% endmacro %}
