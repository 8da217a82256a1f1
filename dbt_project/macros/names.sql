{# Letters of the Latin script with marks, and what stands for each without; no letter of another script is touched. #}
{% macro marked_letters() %}
  {{ return([
    'àáâãäåāăąǎạảấầẩẫậắằẳẵặçćĉċčďđèéêëēĕėęěẹẻẽếềểễệĝğġģĥħìíîïĩīĭįıỉịĵķĺļľłñ'
    ~ 'ńņňòóôõöøōŏőơọỏốồổỗộớờởỡợŕŗřśŝşšșţťŧțùúûüũūŭůűųưụủứừửữựŵýÿŷỳỵỷỹźżž',
    'aaaaaaaaaaaaaaaaaaaaaacccccddeeeeeeeeeeeeeeeeegggghhiiiiiiiiiiijklllln'
    ~ 'nnnoooooooooooooooooooooorrrsssssttttuuuuuuuuuuuuuuuuuuwyyyyyyyzzz'
  ]) }}
{% endmacro %}

{#
  A name as it is compared, never as it is shown: lower case, Latin letters without marks, no punctuation, single
  spaces. Names in different scripts stay different: nothing is transliterated, and marks of other scripts, which make
  different letters there, stay.
#}
{% macro normalised_name(name) -%}
  {%- set spaces = "-‐‑‒–—/,;:_()[]{}|+*\"“”«»、，（）　\u00a0\u2007\u202f" -%}
  {%- set gone = ".'’‘`´!?·・。<>\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff" -%}
  {%- set marked, plain = marked_letters() -%}
  {%- set from = (marked ~ 'ς' ~ spaces ~ gone) | replace("'", "''") -%}
  {%- set to = plain ~ 'σ' ~ ' ' * (spaces | length) -%}
  {%- set lowered = "lower(replace(" ~ composed_text(name) ~ ", 'İ', 'I'))" -%}
  {%- set spelled = "replace(replace(replace(" ~ lowered ~ ", 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')" -%}
  {%- set joined = "replace(replace(" ~ spelled ~ ", '&', ' and '), '＆', ' and ')" -%}
  {%- set text = "translate(" ~ joined ~ ", '" ~ from ~ "', '" ~ to ~ "')" -%}
  {#- The pair of signs stands for a space while runs of spaces shrink to one; both signs were taken out before. -#}
  nullif(trim(replace(replace(replace({{ text }}, ' ', '<>'), '><', ''), '<>', ' ')), '')
{%- endmacro %}

{# Text in its composed form, where the engine can: an accent that is a character of its own joins its letter. #}
{% macro composed_text(text) -%}
  {{ return(adapter.dispatch('composed_text')(text)) }}
{%- endmacro %}

{% macro default__composed_text(text) -%}
  {{ return(text) }}
{%- endmacro %}

{% macro duckdb__composed_text(text) -%}
  {{ return('nfc_normalize(' ~ text ~ ')') }}
{%- endmacro %}

{% macro postgres__composed_text(text) -%}
  {{ return('normalize(' ~ text ~ ', nfc)') }}
{%- endmacro %}

{# A code or registration as it is compared: upper case, without the signs and spaces that people put into it. #}
{% macro normalised_code(code) -%}
  nullif(replace(translate(upper({{ code }}), '-./_#:', '      '), ' ', ''), '')
{%- endmacro %}

{# How many entries of a list in one column are read. #}
{% macro longest_list() %}{{ return(5) }}{% endmacro %}

{#
  The entries of a list in one column as rows, the first longest_list() of them: the key columns and the entry.
  Arguments: relation, key columns, the list column, the separator as an SQL expression, the entry's name.
#}
{% macro list_entries(relation, keys, column, separator, entry) -%}
  {% for position in range(1, longest_list() + 1) %}
  select
    {{ keys | join(', ') }},
    trim(replace({{ dbt.split_part(column, separator, position) }}, chr(13), '')) as {{ entry }}
  from {{ relation }}
  where trim(replace({{ dbt.split_part(column, separator, position) }}, chr(13), '')) <> ''
  {{ 'union all' if not loop.last }}
  {% endfor %}
{%- endmacro %}

{#
  Names without their legal form, and the form: "Acme GmbH" is "acme" and "gmbh". The longest form of the seed
  legal_forms that the name carries is taken off once; a name that is nothing but its form keeps it. Emits CTEs that read
  a relation with a column name; the last one is name_keys: name, name_key, legal_form.
#}
{% macro legal_name_keys(relation) -%}
  plain_names as (
    select
      name,
      {{ normalised_name('name') }} as plain_name
    from (select distinct name from {{ relation }} where name is not null) as distinct_names
  ),

  known_forms as (
    select
      {{ normalised_name('form') }} as form_text,
      legal_form,
      placement
    from {{ ref('legal_forms') }}
  ),

  split_names as (
    select
      plain_names.name,
      plain_names.plain_name,
      form.legal_form,
      case
        when form.placement = 'suffix'
          then substr(plain_names.plain_name, 1, length(plain_names.plain_name) - length(form.form_text) - 1)
        when form.placement = 'prefix' then substr(plain_names.plain_name, length(form.form_text) + 2)
        when plain_names.plain_name like form.form_text || '%'
          then substr(plain_names.plain_name, length(form.form_text) + 1)
        else substr(plain_names.plain_name, 1, length(plain_names.plain_name) - length(form.form_text))
      end as stem,
      row_number() over (
        partition by plain_names.name
        order by length(form.form_text) desc nulls last, form.form_text asc nulls last, form.placement asc nulls last
      ) as preference
    from plain_names
    left join known_forms as form
      on
        (form.placement = 'suffix' and plain_names.plain_name like '% ' || form.form_text)
        or (form.placement = 'prefix' and plain_names.plain_name like form.form_text || ' %')
        or (
          form.placement = 'joined'
          and (plain_names.plain_name like form.form_text || '%' or plain_names.plain_name like '%' || form.form_text)
          and plain_names.plain_name <> form.form_text
        )
  ),

  name_keys as (
    select
      name,
      coalesce(nullif(trim(stem), ''), plain_name) as name_key,
      legal_form
    from split_names
    where preference = 1
  )
{%- endmacro %}
