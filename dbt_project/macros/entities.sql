{#
  The contract between the mapping layer and the canonical layer: for each canonical entity the columns that
  every map_<system>__<entity> model must output, in this order, with their types.

  Conventions
    source_id            the record's id in its own system, unique and not null
    *_source_id          an id of another record in the SAME system
    *_ref                a key of a record that ANOTHER domain's system owns (its id there, or a code / e-mail that all systems share)
    *_date               local business date      *_at   UTC timestamp
    former_names         one name a line; email_aliases: addresses separated by semicolons
    money                decimal(18,4), the row's currency column says in what; rates decimal(18,6); fx decimal(18,8); hours decimal(9,4)
  Common columns, put in front of every entity: source_id, source_updated_at, is_deleted.
#}
{% macro common_columns() %}
  {{ return({'source_id': 'string', 'source_updated_at': 'timestamp', 'is_deleted': 'boolean'}) }}
{% endmacro %}

{% macro entity_columns(entity) %}
  {% set money, rate, fx, hours, pct = 'decimal(18,4)', 'decimal(18,6)', 'decimal(18,8)', 'decimal(9,4)', 'decimal(9,4)' %}
  {% set entities = {
    'legal_entity': {
      'name': 'string', 'currency': 'string', 'country': 'string', 'parent_source_id': 'string',
      'time_zone': 'string'},
    'customer': {
      'name': 'string', 'parent_source_id': 'string', 'currency': 'string', 'country': 'string',
      'payment_terms_days': 'int', 'merged_into_source_id': 'string',
      'customer_ref': 'string', 'tax_id': 'string', 'former_names': 'string', 'legal_entity_ref': 'string'},
    'engagement': {
      'customer_source_id': 'string', 'legal_entity_ref': 'string', 'opportunity_source_id': 'string',
      'opportunity_amount': money, 'closed_won_at': 'timestamp', 'name': 'string', 'currency': 'string',
      'status': 'string', 'signed_date': 'date', 'start_date': 'date', 'end_date': 'date', 'po_expires_date': 'date',
      'cap_amount': money},
    'contract_line': {
      'engagement_source_id': 'string', 'name': 'string', 'billing_method': 'string', 'currency': 'string',
      'contract_amount': money, 'cap_amount': money, 'discount_pct': pct, 'rate_card_source_id': 'string',
      'billing_calendar_ref': 'string', 'passthrough_basis': 'string', 'passthrough_markup_pct': pct,
      'expense_policy': 'string', 'expense_markup_pct': pct, 'expense_cap_amount': money, 'expense_categories': 'string',
      'is_no_charge': 'boolean', 'revrec_method': 'string', 'estimate_at_completion_amount': money,
      'start_date': 'date', 'end_date': 'date', 'final_invoice_date': 'date',
      'discount_end_date': 'date', 'discount_tiers': 'string', 'tier_mode': 'string', 'uplift_pct': pct,
      'uplift_date': 'date', 'uplift_notice_due_date': 'date', 'uplift_notice_date': 'date',
      'min_commitment_amount': money, 'min_commitment_period': 'string', 'retainage_pct': pct,
      'retainage_release_date': 'date', 'overage_rate': rate, 'late_fee_pct': pct, 'estimated_hours': hours},
    'rate_card': {
      'name': 'string', 'origin': 'string', 'scope_type': 'string', 'scope_ref': 'string', 'currency': 'string',
      'created_at': 'timestamp'},
    'rate_card_line': {
      'rate_card_source_id': 'string', 'role': 'string', 'resource_ref': 'string', 'hourly_rate': rate,
      'valid_from_date': 'date', 'valid_to_date': 'date'},
    'change_order': {
      'co_number': 'string', 'engagement_source_id': 'string', 'contract_line_source_id': 'string', 'status': 'string',
      'requested_date': 'date', 'approved_date': 'date', 'effective_date': 'date',
      'delta_amount': money, 'cap_delta_amount': money, 'currency': 'string', 'expiry_date': 'date'},
    'change_order_record': {
      'change_order_ref': 'string', 'contract_line_ref': 'string', 'delta_amount': money, 'cap_delta_amount': money,
      'currency': 'string', 'created_at': 'timestamp'},
    'contract_value': {
      'contract_line_ref': 'string', 'amount': money, 'currency': 'string', 'created_at': 'timestamp'},
    'retainer': {
      'contract_line_ref': 'string', 'start_date': 'date', 'expiry_date': 'date', 'hours': hours, 'amount': money,
      'currency': 'string', 'is_refundable': 'boolean'},
    'project': {
      'name': 'string', 'project_code': 'string', 'customer_ref': 'string', 'contract_line_ref': 'string',
      'project_type': 'string', 'status': 'string', 'start_date': 'date', 'end_date': 'date', 'created_at': 'timestamp',
      'merged_into_source_id': 'string', 'manager_ref': 'string', 'parent_source_id': 'string', 'service_line': 'string',
      'is_excluded_from_billing': 'boolean'},
    'resource': {
      'name': 'string', 'email': 'string', 'role': 'string', 'resource_type': 'string', 'cost_rate': rate,
      'cost_currency': 'string', 'legal_entity_ref': 'string', 'hire_date': 'date', 'termination_date': 'date',
      'manager_ref': 'string', 'org_unit_source_id': 'string', 'work_calendar_source_id': 'string',
      'email_aliases': 'string'},
    'org_unit': {
      'name': 'string', 'org_type': 'string', 'code': 'string', 'parent_source_id': 'string', 'manager_ref': 'string'},
    'work_calendar': {
      'name': 'string', 'country': 'string', 'hours_per_day': hours},
    'holiday': {
      'work_calendar_source_id': 'string', 'holiday_date': 'date', 'name': 'string'},
    'leave': {
      'resource_source_id': 'string', 'leave_date': 'date', 'hours': hours, 'leave_type': 'string', 'status': 'string'},
    'assignment': {
      'project_source_id': 'string', 'resource_source_id': 'string', 'role': 'string', 'start_date': 'date',
      'end_date': 'date', 'hours': hours, 'is_hard': 'boolean'},
    'milestone': {
      'project_source_id': 'string', 'contract_line_ref': 'string', 'customer_ref': 'string', 'name': 'string',
      'amount': money, 'currency': 'string', 'due_date': 'date', 'accepted_date': 'date', 'deemed_date': 'date'},
    'progress_report': {
      'contract_line_ref': 'string', 'project_source_id': 'string', 'reported_date': 'date', 'accepted_date': 'date',
      'completed_pct': pct},
    'time_entry': {
      'project_source_id': 'string', 'resource_source_id': 'string', 'role': 'string', 'work_date': 'date',
      'hours': hours, 'billable_hours': hours, 'is_billable': 'boolean', 'status': 'string',
      'submitted_at': 'timestamp', 'approved_at': 'timestamp', 'approver': 'string',
      'applied_rate': rate, 'applied_currency': 'string', 'is_marked_billed': 'boolean',
      'hold_reason': 'string', 'hold_from_date': 'date', 'hold_until_date': 'date',
      'submitted_billable_hours': hours, 'writedown_reason': 'string', 'change_order_ref': 'string'},
    'expense_item': {
      'report_source_id': 'string', 'project_ref': 'string', 'resource_ref': 'string', 'category': 'string',
      'expense_date': 'date', 'amount': money, 'currency': 'string', 'tax_amount': money,
      'recoverable_tax_amount': money, 'is_billable': 'boolean', 'status': 'string',
      'submitted_at': 'timestamp', 'approved_at': 'timestamp', 'merchant': 'string', 'receipt_ref': 'string',
      'rejected_at': 'timestamp', 'rejection_reason': 'string', 'reimbursed_at': 'timestamp'},
    'supplier_cost': {
      'document_source_id': 'string', 'document_type': 'string', 'document_number': 'string', 'supplier_name': 'string',
      'project_ref': 'string', 'description': 'string', 'net_amount': money, 'currency': 'string',
      'is_billable': 'boolean', 'status': 'string', 'approved_at': 'timestamp',
      'service_from_date': 'date', 'service_to_date': 'date'},
    'billing_calendar': {
      'name': 'string', 'frequency': 'string', 'cutoff_day': 'int'},
    'invoice': {
      'invoice_number': 'string', 'invoice_type': 'string', 'customer_source_id': 'string',
      'legal_entity_source_id': 'string', 'currency': 'string', 'status': 'string', 'issue_date': 'date',
      'posted_date': 'date', 'sent_date': 'date', 'due_date': 'date', 'original_invoice_source_id': 'string',
      'reason_code': 'string', 'net_amount': money, 'tax_amount': money, 'gross_amount': money,
      'rejected_date': 'date', 'rejection_reason': 'string', 'is_awaiting_sending': 'boolean'},
    'invoice_line': {
      'invoice_source_id': 'string', 'contract_line_ref': 'string', 'project_ref': 'string', 'resource_ref': 'string',
      'description': 'string', 'quantity': hours, 'unit_price': rate, 'net_amount': money, 'currency': 'string',
      'service_from_date': 'date', 'service_to_date': 'date', 'line_type': 'string'},
    'billing_link': {
      'invoice_line_source_id': 'string', 'item_type': 'string', 'item_ref': 'string', 'quantity': hours,
      'amount': money, 'currency': 'string'},
    'payment': {
      'invoice_source_id': 'string', 'customer_source_id': 'string', 'amount': money, 'currency': 'string',
      'payment_date': 'date', 'withholding_tax_amount': money, 'deduction_amount': money, 'deduction_reason': 'string'},
    'dispute': {
      'invoice_source_id': 'string', 'invoice_line_source_id': 'string', 'amount': money, 'currency': 'string',
      'reason_code': 'string', 'opened_date': 'date', 'resolved_date': 'date'},
    'write_off': {
      'invoice_source_id': 'string', 'amount': money, 'currency': 'string', 'written_off_date': 'date',
      'reason_code': 'string', 'approver': 'string', 'approver_role': 'string'},
    'sync_event': {
      'record_type': 'string', 'record_ref': 'string', 'from_domain': 'string', 'to_domain': 'string', 'attempt': 'int',
      'status': 'string', 'error_class': 'string', 'is_transient': 'boolean', 'occurred_at': 'timestamp'},
    'revenue_schedule': {
      'contract_line_ref': 'string', 'period_start_date': 'date', 'book': 'string', 'method': 'string',
      'planned_amount': money, 'recognised_amount': money, 'currency': 'string', 'posted_date': 'date'},
    'contract_balance': {
      'engagement_ref': 'string', 'period_start_date': 'date', 'book': 'string', 'contract_asset_amount': money,
      'unbilled_receivable_amount': money, 'contract_liability_amount': money, 'loss_provision_amount': money,
      'currency': 'string'},
    'wip_posting': {
      'contract_line_ref': 'string', 'item_type': 'string', 'item_ref': 'string', 'amount': money, 'currency': 'string',
      'posted_date': 'date', 'book': 'string'},
    'project_cost': {
      'project_ref': 'string', 'amount': money, 'currency': 'string', 'posted_date': 'date'},
    'bank_transaction': {
      'statement_ref': 'string', 'account': 'string', 'booking_date': 'date', 'value_date': 'date', 'amount': money,
      'currency': 'string', 'counterparty_name': 'string', 'counterparty_account': 'string', 'payment_reference': 'string',
      'remittance_text': 'string', 'invoice_ref': 'string', 'is_reversal': 'boolean'},
    'fx_rate': {
      'from_currency': 'string', 'to_currency': 'string', 'rate_date': 'date', 'rate_type': 'string', 'rate': fx}
  } %}
  {% set columns = {} %}
  {% do columns.update(common_columns()) %}
  {% do columns.update(entities[entity]) %}
  {{ return(columns) }}
{% endmacro %}

{# Which canonical entities a system of each domain supplies: one map_<system>__<entity> model for each of them. #}
{% macro domain_entities() %}
  {{ return({
    'crm': ['customer', 'engagement', 'contract_line', 'rate_card', 'rate_card_line', 'change_order'],
    'psa': ['project', 'resource', 'assignment', 'milestone', 'progress_report', 'time_entry', 'rate_card', 'rate_card_line',
            'retainer', 'contract_value', 'change_order_record'],
    'erp': ['legal_entity', 'customer', 'billing_calendar', 'fx_rate', 'invoice', 'invoice_line', 'billing_link',
            'payment', 'dispute', 'write_off', 'revenue_schedule', 'contract_balance', 'wip_posting', 'project_cost',
            'contract_value', 'change_order_record', 'sync_event'],
    'hr': ['resource', 'legal_entity', 'org_unit', 'work_calendar', 'holiday', 'leave'],
    'expense': ['expense_item'],
    'procurement': ['supplier_cost'],
    'bank': ['bank_transaction']
  }) }}
{% endmacro %}

{# The enabled systems as a list of [domain, system], from the one switch that ingestion and orchestration read too. #}
{% macro enabled_systems() %}
  {% set pairs = [] %}
  {% for part in env_var('LEAKAGE_SYSTEMS', 'crm=salesforce,psa=kantata,erp=netsuite,expense=concur,procurement=coupa').split(',') if part.strip() %}
    {% do pairs.append(part.strip().split('=')) %}
  {% endfor %}
  {{ return(pairs) }}
{% endmacro %}

{#
  The raw objects of a system that its sources declare for a domain (meta: {domain: ...}; for all its domains without, for
  no domain with none: what tells about the reading itself); known when dbt runs, not while it parses.
#}
{% macro raw_objects(system, domain) %}
  {% set names = [] %}
  {% if execute %}
    {% for table in graph.sources.values() if table.source_name == 'raw_' ~ system and table.name not in ('feed', 'quarantine') %}
      {% if table.config.meta.get('domain', domain) == domain %}{% do names.append(table.name) %}{% endif %}
    {% endfor %}
  {% endif %}
  {{ return(names | sort) }}
{% endmacro %}

{#
  The union of all enabled systems' mapping models of one entity, with source_domain and source_system in front;
  a typed empty select when no enabled system supplies it.
#}
{% macro union_mapped(entity) %}
  {% set columns = entity_columns(entity) %}
  {% set models = [] %}
  {% for domain, system in enabled_systems() if entity in domain_entities()[domain] %}
    {% if [domain, system] not in models %}{% do models.append([domain, system]) %}{% endif %}
  {% endfor %}
  {% for domain, system in models %}
  select
    '{{ domain }}' as source_domain,
    '{{ system }}' as source_system,
    {% for column, type in columns.items() %}cast({{ column }} as {{ sql_type(type) }}) as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from {{ ref('map_' ~ system ~ '__' ~ entity) }}
  {{ 'union all' if not loop.last }}
  {% endfor %}
  {% if not models %}
  select
    cast(null as {{ dbt.type_string() }}) as source_domain,
    cast(null as {{ dbt.type_string() }}) as source_system,
    {% for column, type in columns.items() %}cast(null as {{ sql_type(type) }}) as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  where 1 = 0
  {% endif %}
{% endmacro %}

{# A contract's type name as this engine's. #}
{% macro sql_type(type) %}
  {% set names = {'string': dbt.type_string(), 'int': dbt.type_int(), 'timestamp': dbt.type_timestamp(), 'boolean': dbt.type_boolean()} %}
  {{ return(names.get(type, type)) }}
{% endmacro %}

{# Which rate cards price the work: the agreed ones of the CRM, or the applied ones of the PSA where no CRM is connected. #}
{% macro pricing_origin() %}
  {% set domains = enabled_systems() | map('first') | list %}
  {{ return('agreed' if 'crm' in domains else 'applied') }}
{% endmacro %}
