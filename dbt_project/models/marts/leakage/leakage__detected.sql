{{ config(materialized='view') }}
{% set columns = ['finding_id', 'detector_id', 'category', 'verdict', 'subject_type', 'subject_system', 'subject_source_id',
  'subject_id', 'engagement_id', 'contract_line_id', 'customer_id', 'project_id', 'legal_entity_id', 'customer_name',
  'contract_line_name', 'project_name', 'amount', 'currency', 'exposed_amount', 'carry_cost_amount', 'owner', 'action',
  'reason', 'causes', 'evidence', 'expected_date', 'occurred_date', 'days_past', 'recovery_deadline'] %}
with found as (
  {% for detector in detector_models() %}
  select {{ columns | join(', ') }}
  from {{ ref('leakage__' ~ detector) }}
  {{ 'union all' if not loop.last }}
  {% endfor %}
)

select
  {% for column in columns %}
  found.{{ column }},
  {% endfor %}
  detector.is_estimate,
  coalesce(of_entity.is_live, of_firm.is_live) as is_live
from found
inner join {{ ref('detectors') }} as detector on found.detector_id = detector.detector_id and detector.is_enabled
left join {{ ref('leakage__rollout') }} as of_entity
  on found.detector_id = of_entity.detector_id and found.legal_entity_id = of_entity.legal_entity_id
-- Also for a legal entity that no system knows.
left join {{ ref('leakage__rollout') }} as of_firm
  on found.detector_id = of_firm.detector_id and of_firm.legal_entity_id is null
