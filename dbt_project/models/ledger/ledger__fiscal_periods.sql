-- The fiscal year and period of every month, for each legal entity and, under 'none', for the firm as a whole.
with months as (
  select distinct month_start_date
  from {{ ref('ledger__calendar_days') }}
),

entities as (
  select legal_entity_id
  from {{ ref('legal_entity') }}
  union all
  select 'none' as legal_entity_id
),

applicable as (
  select
    entities.legal_entity_id,
    months.month_start_date,
    calendar.year_named_by,
    mod({{ dbt.datediff("cast('2000-01-01' as date)", 'months.month_start_date', 'month') }} - calendar.first_month + 1, 12) + 1
      as fiscal_period,
    row_number() over (
      partition by entities.legal_entity_id, months.month_start_date
      order by
        case calendar.scope_type when 'legal_entity' then 0 else 1 end asc nulls last,
        calendar.valid_from desc nulls last,
        calendar.first_month asc nulls last
    ) as preference
  from months
  cross join entities
  inner join {{ ref('fiscal_calendars') }} as calendar
    on
      (calendar.scope_type = 'global' or calendar.scope_id = entities.legal_entity_id)
      and calendar.valid_from <= months.month_start_date
      and (calendar.valid_to is null or calendar.valid_to > months.month_start_date)
),

placed as (
  select
    legal_entity_id,
    month_start_date,
    fiscal_period,
    year_named_by,
    {{ dbt.dateadd('month', '1 - fiscal_period', 'month_start_date') }} as year_start_date
  from applicable
  where preference = 1
)

select
  {{ dbt.hash(
    "placed.legal_entity_id || '|' || cast(placed.month_start_date as " ~ dbt.type_string() ~ ")"
  ) }} as fiscal_period_id,
  placed.legal_entity_id,
  placed.month_start_date,
  cast(
    2000 + {{ dbt.datediff(
      "cast('2000-01-01' as date)",
      "case when year_named_by = 'first_month' then year_start_date else "
      ~ dbt.dateadd('month', 11, 'year_start_date') ~ " end",
      'year'
    ) }} as int
  ) as fiscal_year,
  cast(placed.fiscal_period as int) as fiscal_period
from placed
