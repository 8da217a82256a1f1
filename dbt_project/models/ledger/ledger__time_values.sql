-- (Step 1/3) What each entry is worth by the card, before discounts.
with prepaid as (
  select
    time_entry_id,
    sum(hours) as hours
  from {{ ref('ledger__retainer_draws') }}
  group by time_entry_id
),

retainer_lines as (
  select distinct contract_line_id
  from {{ ref('retainer') }}
  where not is_deleted
),

listed as (
  select
    entry.time_entry_id,
    coalesce(repeated.first_entry_id, entry.time_entry_id) as work_id,
    work.contract_line_id,
    line.currency,
    line.tier_mode,
    work.is_parked,
    work.is_parked or coalesce(entry.is_billable, true) as is_billable,
    entry.work_date,
    entry.status,
    entry.writedown_reason,
    -- What was logged on an internal project is not billable there.
    case when work.is_parked then entry.hours else entry.billable_hours end as billable_hours,
    -- Hours that the approver took away were delivered: they are worth what the others are.
    case
      when work.is_parked then entry.hours
      else greatest(entry.billable_hours, coalesce(entry.submitted_billable_hours, entry.billable_hours))
    end as delivered_hours,
    coalesce(prepaid.hours, 0) as prepaid_hours,
    case
      -- What repeats other work is no overage of its own.
      when line.billing_method = 'retainer' and repeated.time_entry_id is not null then 0
      when line.billing_method = 'retainer' and retainer_lines.contract_line_id is not null
        then entry.billable_hours - coalesce(prepaid.hours, 0)
    end as overage_hours,
    case
      when line.billing_method = 'retainer' and line.overage_rate > 0 then line.overage_rate
      else rate.hourly_rate
    end as hourly_rate,
    -- The yearly rise is one of the card: the rate of an overage is agreed as it stands.
    case when line.billing_method = 'retainer' and line.overage_rate > 0 then 0 else rate.uplift_rate end as uplift_rate,
    rate.is_uplift_lost,
    line.discount_tiers is not null as is_tiered,
    case
      when line.discount_end_date < entry.work_date then 0
      else line.discount_pct
    end as discount_pct,
    case when line.discount_end_date < entry.work_date then line.discount_pct else 0 end as ended_discount_pct
  from {{ ref('time_entry') }} as entry
  inner join {{ ref('ledger__work') }} as work on entry.time_entry_id = work.time_entry_id
  inner join {{ ref('contract_line') }} as line on work.contract_line_id = line.contract_line_id
  left join {{ ref('ledger__time_rates') }} as rate on entry.time_entry_id = rate.time_entry_id
  left join prepaid on entry.time_entry_id = prepaid.time_entry_id
  left join retainer_lines on work.contract_line_id = retainer_lines.contract_line_id
  left join {{ ref('ledger__repeated_entries') }} as repeated
    on entry.time_entry_id = repeated.time_entry_id and repeated.entry_number > 1
  where not entry.is_deleted and entry.work_date <= {{ as_of_date() }}
),

quantified as (
  select
    listed.*,
    case when overage_hours > 0 then delivered_hours - prepaid_hours else delivered_hours end as quantity
  from listed
),

counted as (
  select
    quantified.*,
    {{ money('cast(quantity as decimal(9, 4)) * cast(hourly_rate as decimal(19, 6))') }} as list_amount,
    {{ money('cast(quantity as decimal(9, 4)) * cast(uplift_rate as decimal(19, 6))') }} as list_uplift_amount
  from quantified
),

-- (Step 2/3) Volume discounts count what was worked in a contract year so far, in the order of the work.
cumulated as (
  select
    counted.time_entry_id,
    counted.contract_line_id,
    years.contract_year_id,
    counted.tier_mode,
    sum(counted.list_amount) over (
      partition by counted.contract_line_id, years.contract_year_id
      order by counted.work_date asc nulls last, counted.time_entry_id asc nulls last
      rows between unbounded preceding and current row
    ) as amount_to_date,
    counted.list_amount,
    sum(counted.list_amount) over (
      partition by counted.contract_line_id, years.contract_year_id
    ) as year_amount
  from counted
  inner join {{ ref('ledger__contract_years') }} as years
    on counted.contract_line_id = years.contract_line_id and counted.work_date between years.from_date and years.to_date
  where
    counted.is_tiered
    -- Work that was entered twice counts once.
    and counted.time_entry_id = counted.work_id
    and counted.is_billable
    and counted.status in ('approved', 'submitted')
    and counted.list_amount is not null
),

tiered as (
  select
    cumulated.time_entry_id,
    sum(
      case
        when tier.tier_mode = 'retroactive'
          then case
            when
              cumulated.year_amount >= tier.from_amount
              and (tier.to_amount is null or cumulated.year_amount < tier.to_amount)
              then
                {{ money(percent_of('cast(cumulated.amount_to_date as decimal(19, 4))', 'tier.discount_pct')) }}
                - {{ money(percent_of(
                  'cast(cumulated.amount_to_date - cumulated.list_amount as decimal(19, 4))', 'tier.discount_pct'
                )) }}
            else 0
          end
        else
          {{ money(percent_of(
            'cast(greatest(0, least(cumulated.amount_to_date, coalesce(tier.to_amount, cumulated.amount_to_date))'
            ~ ' - tier.from_amount) as decimal(19, 4))', 'tier.discount_pct'
          )) }}
          - {{ money(percent_of(
            'cast(greatest(0, least(cumulated.amount_to_date - cumulated.list_amount, '
            ~ 'coalesce(tier.to_amount, cumulated.amount_to_date)) - tier.from_amount) as decimal(19, 4))', 'tier.discount_pct'
          )) }}
      end
    ) as discount_amount
  from cumulated
  inner join {{ ref('ledger__discount_tiers') }} as tier on cumulated.contract_line_id = tier.contract_line_id
  group by cumulated.time_entry_id
),

valued as (
  select
    counted.*,
    case
      when counted.is_tiered then cast(counted.list_amount - coalesce(tiered.discount_amount, 0) as decimal(18, 4))
      else {{ money(percent_of(
        'cast(counted.quantity as decimal(9, 4)) * cast(counted.hourly_rate as decimal(19, 6))', '100 - counted.discount_pct'
      )) }}
    end as value_amount
  from counted
  left join tiered on counted.work_id = tiered.time_entry_id
)

-- (Step 3/3) The value that the contract gives, and the parts of it that billing can get wrong.
select
  time_entry_id,
  contract_line_id,
  is_parked,
  cast(quantity as decimal(9, 4)) as quantity,
  cast(overage_hours as decimal(9, 4)) as overage_hours,
  hourly_rate,
  cast(list_amount as decimal(18, 4)) as list_amount,
  value_amount,
  -- The rise is one of the discounted price: a volume tier takes its share of it as an agreed discount does.
  case
    when is_tiered
      then {{ money(quotient('cast(list_uplift_amount as decimal(20, 4)) * value_amount', 'nullif(list_amount, 0)')) }}
    else {{ money(percent_of('cast(list_uplift_amount as decimal(19, 4))', '100 - discount_pct')) }}
  end as uplift_amount,
  coalesce(is_uplift_lost, false) as is_uplift_lost,
  {{ money(percent_of('cast(list_amount as decimal(19, 4))', 'ended_discount_pct')) }} as ended_discount_amount,
  is_tiered,
  -- The part of the value that lies in the hours that were taken away.
  {{ money(quotient(
    'cast(value_amount as decimal(20, 4)) * (delivered_hours - billable_hours)', 'nullif(quantity, 0)'
  )) }} as writedown_amount,
  writedown_reason,
  currency
from valued
