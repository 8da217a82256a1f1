{#
  The hourly rate of each row of a relation of work, by the most specific card that holds on the day (domain.md rule 8): the
  line's own card, then cards of the line, the contract, the customer, and standard ones; in a card the person, then the role.
  Arguments: a relation with the key, contract_line_id, resource_id, role and work_date; the name of its key. Emits CTEs; the
  last one is rates: key, rate_card_line_id, rate_card_id, card_rate, hourly_rate, is_uplift_lost, candidate_count, is_ambiguous.
#}
{% macro card_rates(work, key) -%}
cards as (
  select
    card.rate_card_id,
    card.origin,
    card.scope_type,
    card.scope_ref,
    card.currency,
    -- A card of a customer that was merged away prices the work for the one it was merged into.
    xref.customer_id as scope_customer_id
  from {{ ref('rate_card') }} as card
  left join {{ ref('customer_xref') }} as xref
    on card.scope_type = 'customer' and card.scope_ref = xref.source_id and xref.is_anchor
  where not card.is_deleted
),

candidates as (
  select
    entry.{{ key }},
    card_line.rate_card_line_id,
    card_line.rate_card_id,
    card_line.hourly_rate,
    case
      when line.rate_card_id = card.rate_card_id then 0
      when card.scope_type = 'contract_line' then 1
      when card.scope_type = 'contract' then 2
      when card.scope_type = 'customer' then 3
      else 4
    end as scope_rank,
    case
      when card_line.resource_email is not null then 0
      when card_line.role is not null then 1
      else 2
    end as person_rank
  from {{ work }} as entry
  inner join {{ ref('contract_line') }} as line
    on entry.contract_line_id = line.contract_line_id
  left join {{ ref('resource') }} as resource
    on entry.resource_id = resource.resource_id
  inner join cards as card
    on
      line.currency = card.currency
      and (
        line.rate_card_id = card.rate_card_id
        or (card.scope_type = 'contract_line' and card.scope_ref = line.source_id)
        or (card.scope_type = 'contract' and line.engagement_id = {{ entity_id('line.source_system', 'card.scope_ref') }})
        or (card.scope_type = 'customer' and line.customer_id = card.scope_customer_id)
        or card.scope_type = 'standard'
      )
      -- What was agreed prices the work; what the delivery system applies does so only where nothing agreed is connected.
      and card.origin = '{{ pricing_origin() }}'
  inner join {{ ref('rate_card_line') }} as card_line
    on
      card.rate_card_id = card_line.rate_card_id
      and not card_line.is_deleted
      and (card_line.valid_from_date is null or card_line.valid_from_date <= entry.work_date)
      and (card_line.valid_to_date is null or card_line.valid_to_date > entry.work_date)
      and (
        card_line.resource_email = resource.email
        or (card_line.resource_email is null and (card_line.role = entry.role or card_line.role is null))
      )
),

best as (
  select
    {{ key }},
    rate_card_line_id,
    rate_card_id,
    hourly_rate,
    dense_rank() over (
      partition by {{ key }} order by scope_rank asc nulls last, person_rank asc nulls last
    ) as preference
  from candidates
),

carded as (
  select
    {{ key }},
    min(rate_card_line_id) as rate_card_line_id,
    min(rate_card_id) as rate_card_id,
    -- A zero rate is a missing rate, and two equally specific rates that disagree decide nothing.
    cast(
      case when min(hourly_rate) = max(hourly_rate) and min(hourly_rate) > 0 then min(hourly_rate) end as decimal(18, 6)
    ) as card_rate,
    cast(count(*) as int) as candidate_count,
    min(hourly_rate) <> max(hourly_rate) as is_ambiguous
  from best
  where preference = 1
  group by {{ key }}
),

-- The yearly rise of the contract comes on top of the card, once more with every anniversary.
rates as (
  select
    carded.*,
    case
      {% for n in range(9, 0, -1) %}
      when entry.work_date >= cast({{ dbt.dateadd('year', n - 1, 'line.uplift_date') }} as date)
        then {{ raised('carded.card_rate', 'coalesce(line.uplift_pct, 0)', n) }}
      {% endfor %}
      else carded.card_rate
    end as hourly_rate,
    line.uplift_notice_due_date < {{ as_of_date() }}
    and (line.uplift_notice_date is null or line.uplift_notice_date > line.uplift_notice_due_date) as is_uplift_lost
  from carded
  inner join {{ work }} as entry on carded.{{ key }} = entry.{{ key }}
  inner join {{ ref('contract_line') }} as line on entry.contract_line_id = line.contract_line_id
)
{%- endmacro %}
