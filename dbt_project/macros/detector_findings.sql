{#
  Findings from a CTE named found, whose columns are given; all others of the register's contract are empty. subject_key
  makes the finding's id together with the detector, so it must be stable from run to run. Names of customer, contract line
  and project, detector and owner are added. Arguments: the category, and the columns of found.
#}
{% macro detector_findings(category, given) %}
  {%- set types = {
    'subject_type': dbt.type_string(), 'subject_system': dbt.type_string(), 'subject_source_id': dbt.type_string(),
    'subject_id': dbt.type_string(), 'engagement_id': dbt.type_string(), 'contract_line_id': dbt.type_string(),
    'customer_id': dbt.type_string(), 'project_id': dbt.type_string(), 'legal_entity_id': dbt.type_string(),
    'amount': 'decimal(18, 4)', 'currency': dbt.type_string(), 'exposed_amount': 'decimal(18, 4)',
    'carry_cost_amount': 'decimal(18, 4)', 'action': dbt.type_string(), 'reason': dbt.type_string(),
    'causes': dbt.type_string(), 'evidence': dbt.type_string(), 'expected_date': 'date', 'occurred_date': 'date',
    'days_past': dbt.type_int(), 'recovery_deadline': 'date'} -%}
  {%- set value = {} -%}
  {%- for column, type in types.items() -%}
    {%- do value.update({column: 'cast(' ~ ('found.' ~ column if column in given else 'null') ~ ' as ' ~ type ~ ')'}) -%}
  {%- endfor -%}
  select
    {{ dbt.hash("detector.detector_id || '|' || found.subject_key") }} as finding_id,
    detector.detector_id,
    detector.category,
    found.verdict,
    {% for column in ['subject_type', 'subject_system', 'subject_source_id', 'subject_id', 'engagement_id',
      'contract_line_id', 'customer_id', 'project_id', 'legal_entity_id'] %}
    {{ value[column] }} as {{ column }},
    {% endfor %}
    coalesce(customer.name, 'unknown customer') as customer_name,
    coalesce(line.name, 'no contract line') as contract_line_name,
    coalesce(project.name, 'no project') as project_name,
    {% for column in ['amount', 'currency', 'exposed_amount', 'carry_cost_amount'] %}
    {{ value[column] }} as {{ column }},
    {% endfor %}
    detector.owner,
    {% for column in ['action', 'reason', 'causes'] %}
    {{ value[column] }} as {{ column }},
    {% endfor %}
    {{ "coalesce(found.evidence, '[]')" if 'evidence' in given else "'[]'" }} as evidence,
    {% for column in ['expected_date', 'occurred_date', 'days_past', 'recovery_deadline'] %}
    {{ value[column] }} as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from found
  inner join {{ ref('detectors') }} as detector on detector.category = '{{ category }}'
  left join {{ ref('customer') }} as customer on {{ value['customer_id'] }} = customer.customer_id
  left join {{ ref('contract_line') }} as line on {{ value['contract_line_id'] }} = line.contract_line_id
  left join {{ ref('project') }} as project on {{ value['project_id'] }} = project.project_id
  where detector.is_enabled
{% endmacro %}
