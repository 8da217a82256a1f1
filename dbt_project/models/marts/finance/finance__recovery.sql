{#
  What was found, accepted, invoiced and collected in each month, and what became of the money that was found in it. Rejected
  findings, estimates and what is no leakage are left out; amounts of different currencies stay in rows of their own.
#}
{% set measures = {
  'found': ['states', 'found_date', 'found_amount'],
  'found_recovered': ['states', 'found_date', 'recovered_amount'],
  'found_corrected': ['states', 'found_date', 'corrected_amount'],
  'found_open': ['states', 'found_date', 'open_amount'],
  'accepted': ['states', 'decided_date', 'accepted_amount'],
  'invoiced': ['invoiced', 'posted_date', 'amount'],
  'collected': ['collected', 'payment_date', 'collected_amount']
} %}
with states as (
  select *
  from {{ ref('leakage__finding_states') }}
  where is_counted
),

recoveries as (
  select *
  from {{ ref('leakage__recoveries') }}
  where is_counted
),

invoiced as (
  select *
  from recoveries
  where settlement_type = 'invoice_line'
),

collected as (
  select
    recoveries.owner,
    recoveries.category,
    recoveries.currency,
    collection.payment_date,
    collection.collected_amount
  from {{ ref('leakage__collections') }} as collection
  inner join recoveries on collection.recovery_id = recoveries.recovery_id
),

movements as (
  {% for measure, (source, date, amount) in measures.items() %}
  select
    cast({{ dbt.date_trunc('month', date) }} as date) as recovery_month,
    owner,
    category,
    currency,
    '{{ measure }}' as measure,
    {{ amount }} as amount
  from {{ source }}
  where {{ date }} is not null and {{ amount }} is not null
  {{ 'union all' if not loop.last }}
  {% endfor %}
),

totals as (
  select
    recovery_month,
    owner,
    category,
    currency,
    {% for measure in measures %}
    cast(sum(case when measure = '{{ measure }}' then amount else 0 end) as decimal(18, 4)) as {{ measure }}_amount,
    {% endfor %}
    cast(sum(case when measure = 'found' then 1 else 0 end) as {{ dbt.type_int() }}) as finding_count
  from movements
  group by recovery_month, owner, category, currency
)

select
  {{ dbt.hash(
    "cast(totals.recovery_month as " ~ dbt.type_string() ~ ") || '|' || coalesce(totals.owner, 'none') || '|' || "
    ~ "totals.category || '|' || totals.currency"
  ) }} as recovery_row_id,
  {{ as_of_date() }} as as_of_date,
  totals.recovery_month,
  fiscal.fiscal_year,
  fiscal.fiscal_period,
  totals.owner,
  totals.category,
  totals.finding_count,
  totals.found_amount,
  totals.accepted_amount,
  totals.invoiced_amount,
  totals.collected_amount,
  totals.found_recovered_amount,
  totals.found_corrected_amount,
  totals.found_open_amount,
  cast(round(100 * totals.found_recovered_amount / nullif(totals.found_amount, 0), 4) as decimal(18, 4)) as recovery_pct,
  {{ dbt.datediff(dbt.last_day('totals.recovery_month', 'month'), as_of_date(), 'day') }}
  >= {{ global_policy('recovery_maturity') }} as is_mature,
  totals.currency
from totals
left join {{ ref('ledger__fiscal_periods') }} as fiscal
  on fiscal.legal_entity_id = 'none' and totals.recovery_month = fiscal.month_start_date
