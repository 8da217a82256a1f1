with open_ones as (
  {{ open_candidates(ref('customer_match')) }}
),

matched as (
  select
    record.*,
    coalesce(own.target_id, survivors.target_id) as matched_id,
    coalesce(own.confidence, survivors.confidence) as confidence,
    coalesce(own.matched_on, survivors.matched_on) as matched_on,
    case
      when own.rule is not null then own.rule
      -- What was merged away goes where the record goes that stands for it.
      when record.is_merged then 'merged'
      when record.is_anchor then 'own'
      else 'unmatched'
    end as match_method
  from {{ ref('customer_record') }} as record
  left join {{ ref('customer_match') }} as own
    on own.is_chosen and record.source_system = own.source_system and record.source_id = own.source_id
  left join {{ ref('customer_match') }} as survivors
    on
      survivors.is_chosen
      and record.survivor_id = {{ entity_id('survivors.source_system', 'survivors.source_id') }}
)

select
  matched.source_customer_id,
  matched.source_domain,
  matched.source_system,
  matched.source_id,
  coalesce(matched.matched_id, matched.survivor_id) as customer_id,
  matched.match_method,
  case when matched.match_method <> 'unmatched' then coalesce(matched.confidence, 'high') end as confidence,
  matched.matched_on,
  matched.is_anchor,
  case when matched.match_method = 'unmatched' then open_ones.candidates end as candidates,
  case
    when matched.is_merge_unresolved then 'merge_circle'
    when matched.match_method = 'unmatched' then coalesce(open_ones.unmatched_reason, 'no_candidate')
  end as unmatched_reason
from matched
left join open_ones
  on matched.source_system = open_ones.source_system and matched.source_id = open_ones.source_id
