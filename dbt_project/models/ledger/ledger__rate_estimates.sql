-- What work without a price may be worth (domain.md L05): never part of a total, it says how urgent the missing rate is.
{% set hourly_rate = 'coalesce(unpriced.applied_rate, carded.lowest_rate)' %}
with unpriced as (
  select
    item.item_id,
    item.quantity,
    item.currency,
    item.service_date,
    entry.role,
    case when entry.applied_currency = item.currency and entry.applied_rate > 0 then entry.applied_rate end as applied_rate
  from {{ ref('ledger__billable_items') }} as item
  inner join {{ ref('time_entry') }} as entry on item.item_id = entry.time_entry_id
  where item.not_judged_reason in ('missing_rate', 'rate_card_overlap')
),

carded as (
  select
    unpriced.item_id,
    min(line.hourly_rate) as lowest_rate
  from unpriced
  inner join {{ ref('rate_card') }} as card on unpriced.currency = card.currency and not card.is_deleted
  inner join {{ ref('rate_card_line') }} as line
    on
      card.rate_card_id = line.rate_card_id
      and unpriced.role = line.role
      and line.hourly_rate > 0
      and not line.is_deleted
      and (line.valid_from_date is null or line.valid_from_date <= unpriced.service_date)
      and (line.valid_to_date is null or line.valid_to_date > unpriced.service_date)
  group by unpriced.item_id
)

select
  unpriced.item_id as time_entry_id,
  case when unpriced.applied_rate is not null then 'applied_rate' else 'other_cards' end as basis,
  cast({{ hourly_rate }} as decimal(18, 6)) as hourly_rate,
  {{ money('cast(unpriced.quantity as decimal(9, 4)) * cast(' ~ hourly_rate ~ ' as decimal(19, 6))') }} as estimated_amount,
  unpriced.currency
from unpriced
left join carded on unpriced.item_id = carded.item_id
where unpriced.applied_rate is not null or carded.lowest_rate is not null
