{#
  The day on which a moment (UTC) falls for those who work in a time zone, a name of the tz database; in UTC where that is
  NULL. Business days begin and end where the company is: what is approved at 03-31 22:00 in New York is approved in March.
#}
{% macro local_date(moment, time_zone) -%}
  case
    when {{ time_zone }} is null then cast({{ moment }} as date)
    else {{ adapter.dispatch('zoned_date', 'leakage')(moment, time_zone) }}
  end
{%- endmacro %}

{% macro default__zoned_date(moment, time_zone) -%}
  cast((cast({{ moment }} as timestamp) at time zone 'UTC') at time zone {{ time_zone }} as date)
{%- endmacro %}

{% macro spark__zoned_date(moment, time_zone) -%}
  cast(from_utc_timestamp({{ moment }}, {{ time_zone }}) as date)
{%- endmacro %}

{# A time zone that the engine knows; NULL for any other text, which would stop every query that uses it. #}
{% macro known_time_zone(name) -%}
  {{ adapter.dispatch('known_time_zone', 'leakage')(name) }}
{%- endmacro %}

{% macro default__known_time_zone(name) -%}
  case when {{ name }} in (select zones.name from pg_timezone_names() as zones) then {{ name }} end
{%- endmacro %}

{% macro spark__known_time_zone(name) -%}
  case when {{ name }} rlike '^(UTC|[A-Z][A-Za-z]+/[A-Za-z_/+-]+)$' then {{ name }} end
{%- endmacro %}
