{#- Purchases whose windows overlap are served one after the other; this many can overlap in a chain. -#}
{%- set rounds = 12 -%}
with purchases as (
  select
    retainer_id,
    contract_line_id,
    hours,
    coalesce(start_date, cast('2018-01-01' as date)) as start_date,
    coalesce(expiry_date, cast('9999-12-31' as date)) as expiry_date
  from {{ ref('retainer') }}
  where not is_deleted and (start_date is null or start_date <= {{ as_of_date() }})
),

reached as (
  select
    purchases.*,
    max(expiry_date) over (
      partition by contract_line_id
      order by start_date asc nulls last, expiry_date asc nulls last, retainer_id asc nulls last
      rows between unbounded preceding and 1 preceding
    ) as earlier_expiry_date
  from purchases
),

chained as (
  select
    reached.*,
    sum(case when earlier_expiry_date is null or start_date > earlier_expiry_date then 1 else 0 end) over (
      partition by contract_line_id
      order by start_date asc nulls last, expiry_date asc nulls last, retainer_id asc nulls last
      rows between unbounded preceding and current row
    ) as chain_number
  from reached
),

ranked as (
  select
    chained.*,
    -- What expires first is used first.
    row_number() over (
      partition by contract_line_id, chain_number
      order by expiry_date asc nulls last, start_date asc nulls last, retainer_id asc nulls last
    ) as round_number
  from chained
),

round_0 as (
  select
    entry.time_entry_id,
    work.contract_line_id,
    entry.work_date,
    entry.billable_hours as open_hours,
    cast(null as {{ dbt.type_string() }}) as retainer_id,
    cast(0 as decimal(9, 4)) as drawn_hours
  from {{ ref('time_entry') }} as entry
  inner join {{ ref('ledger__work') }} as work on entry.time_entry_id = work.time_entry_id
  inner join {{ ref('contract_line') }} as line on work.contract_line_id = line.contract_line_id
  -- Work that was entered twice is drawn once.
  left join {{ ref('ledger__repeated_entries') }} as repeated
    on entry.time_entry_id = repeated.time_entry_id and repeated.entry_number > 1
  where
    line.billing_method = 'retainer'
    and repeated.time_entry_id is null
    and not entry.is_deleted
    and coalesce(entry.is_billable, true)
    and entry.billable_hours > 0
    and entry.status in ('approved', 'submitted')
    and entry.work_date <= {{ as_of_date() }}
),

{% for n in range(1, rounds + 1) %}
asked_{{ n }} as (
  select
    before.time_entry_id,
    before.contract_line_id,
    before.work_date,
    before.open_hours - before.drawn_hours as open_hours,
    ranked.retainer_id,
    ranked.hours as purchased_hours,
    coalesce(
      sum(before.open_hours - before.drawn_hours) over (
        partition by before.contract_line_id, ranked.retainer_id
        order by before.work_date asc nulls last, before.time_entry_id asc nulls last
        rows between unbounded preceding and 1 preceding
      ),
      0
    ) as asked_before_hours
  from round_{{ n - 1 }} as before
  left join ranked
    on
      before.contract_line_id = ranked.contract_line_id
      and ranked.round_number = {{ n }}
      and before.work_date between ranked.start_date and ranked.expiry_date
),

round_{{ n }} as (
  select
    time_entry_id,
    contract_line_id,
    work_date,
    open_hours,
    retainer_id,
    case
      when retainer_id is null then 0
      else greatest(0, least(open_hours, purchased_hours - asked_before_hours))
    end as drawn_hours
  from asked_{{ n }}
){{ ',' if not loop.last }}

{% endfor %}

{% for n in range(1, rounds + 1) %}
select
  time_entry_id || '|' || retainer_id as retainer_draw_id,
  time_entry_id,
  retainer_id,
  contract_line_id,
  work_date,
  cast(drawn_hours as decimal(9, 4)) as hours
from round_{{ n }}
where drawn_hours > 0
{{ 'union all' if not loop.last }}
{% endfor %}
