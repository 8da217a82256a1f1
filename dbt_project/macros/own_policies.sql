{#
  Post-hook of the seeds: a file of the seed's name in LEAKAGE_POLICIES_DIR stands in for the shipped one, so that a firm
  keeps its policies apart from the package. Its columns must be those of the seed, its values are cast as the seed's are.
#}
{% macro own_policies() %}
  {%- set folder = env_var('LEAKAGE_POLICIES_DIR', '') -%}
  {%- if execute and folder -%}
    {%- set file = folder ~ '/' ~ model.name ~ '.csv' -%}
    {%- if policy_file_columns(file) is not none -%}
      {%- set types = model.config.column_types -%}
      {%- set columns = policy_file_columns(file) -%}
      {%- if columns | sort != types | list | sort -%}
        {{ exceptions.raise_compiler_error(
          file ~ ': its columns are ' ~ columns | join(', ') ~ '; give it those of the shipped file: ' ~ types | join(', ')
        ) }}
      {%- endif -%}
      {%- set values = [] -%}
      {%- for column, type in types.items() -%}
        {%- do values.append('cast(' ~ column ~ ' as ' ~ type ~ ') as ' ~ column) -%}
      {%- endfor -%}
      {%- do run_query('delete from ' ~ this) -%}
      {%- do run_query(
        'insert into ' ~ this ~ ' (' ~ types | join(', ') ~ ') select ' ~ values | join(', ') ~ ' from ' ~ policy_file_rows(file)
      ) -%}
    {%- endif -%}
  {%- endif -%}
{% endmacro %}

{# The columns of a CSV file, none where there is no such file. #}
{% macro policy_file_columns(file) %}
  {{ return(adapter.dispatch('policy_file_columns', 'leakage')(file)) }}
{% endmacro %}

{# The rows of a CSV file as a relation of text; an empty value is NULL. #}
{% macro policy_file_rows(file) %}
  {{ return(adapter.dispatch('policy_file_rows', 'leakage')(file)) }}
{% endmacro %}

{% macro duckdb__policy_file_columns(file) %}
  {%- set name = "'" ~ file | replace("'", "''") ~ "'" -%}
  {%- if run_query('select count(*) from glob(' ~ name ~ ')').columns[0].values()[0] == 0 -%}
    {{ return(none) }}
  {%- endif -%}
  {{ return(run_query('describe select * from ' ~ policy_file_rows(file)).columns[0].values() | list) }}
{% endmacro %}

{% macro duckdb__policy_file_rows(file) %}
  {{ return(
    "read_csv('" ~ file | replace("'", "''") ~ "', header = true, delim = ',', quote = '\"', escape = '\"', all_varchar = true)"
  ) }}
{% endmacro %}
