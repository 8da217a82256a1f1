{#
  What the project itself keeps beside the vendors' data: the attempts of its own loads, the decisions of people, and the
  alerts that were sent. Appended to from outside (orchestration/control.py, which reads the columns from this literal), read
  as sources, touched by no build: it outlives every rebuild.
#}
{% macro control_tables() %}
  {{ return({
    'finding_decision': {
      'decision_id': 'string', 'finding_id': 'string', 'decision': 'string', 'reason': 'string',
      'decided_by': 'string', 'decided_at': 'timestamp', 'as_of_date': 'date', 'verdict': 'string',
      'amount': 'decimal(18,4)', 'currency': 'string'
    },
    'exception_decision': {
      'decision_id': 'string', 'exception_id': 'string', 'decision': 'string', 'until_date': 'date',
      'reason': 'string', 'decided_by': 'string', 'decided_at': 'timestamp', 'as_of_date': 'date',
      'amount': 'decimal(18,4)', 'currency': 'string'
    },
    'load_attempt': {
      'load_attempt_id': 'string', 'source_system': 'string', 'started_at': 'timestamp', 'ended_at': 'timestamp',
      'status': 'string', 'error_class': 'string', 'is_transient': 'boolean', 'detail': 'string'
    },
    'alert_event': {
      'alert_id': 'string', 'event_type': 'string', 'happened_at': 'timestamp', 'mode': 'string', 'target': 'string',
      'owner': 'string', 'exception_id': 'string', 'escalation_level': 'int', 'severity': 'string', 'as_of_date': 'date'
    }
  }) }}
{% endmacro %}

{# Created before each run, so that they are always there to be read. #}
{% macro create_control_tables() %}
  {% if execute %}
    {% do run_query('create schema if not exists control') %}
    {% for table, columns in control_tables().items() %}
      {% set typed = [] %}
      {% for name, type in columns.items() %}{% do typed.append(name ~ ' ' ~ sql_type(type)) %}{% endfor %}
      {% do run_query('create table if not exists control.' ~ table ~ ' (' ~ typed | join(', ') ~ ')') %}
    {% endfor %}
  {% endif %}
{% endmacro %}
