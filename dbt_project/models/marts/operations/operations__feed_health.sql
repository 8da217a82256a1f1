with limits as (
  select
    feed.source_domain,
    feed.source_object,
    policy.policy_value,
    row_number() over (
      partition by feed.source_domain, feed.source_object
      order by
        case policy.scope_type when 'domain' then 0 else 1 end asc nulls last,
        policy.valid_from desc nulls last,
        policy.policy_value asc nulls last
    ) as preference
  from {{ ref('feed_status') }} as feed
  inner join {{ ref('policies') }} as policy
    on
      policy.policy_key = 'feed_max_age'
      and (policy.scope_type = 'global' or (policy.scope_type = 'domain' and policy.scope_id = feed.source_domain))
  where
    policy.valid_from <= {{ as_of_date() }}
    and (policy.valid_to is null or policy.valid_to > {{ as_of_date() }})
),

aged as (
  select
    feed.*,
    cast(limits.policy_value as decimal(18, 4)) as max_age_hours,
    cast(round({{ quotient(
      'greatest(0, ' ~ dbt.datediff('feed.complete_through', as_of_moment(), 'minute') ~ ')', '60'
    ) }}, 2) as decimal(18, 4)) as age_hours
  from {{ ref('feed_status') }} as feed
  left join limits
    on feed.source_domain = limits.source_domain and feed.source_object = limits.source_object and limits.preference = 1
)

select
  {{ dbt.hash("source_domain || '|' || source_system || '|' || source_object") }} as feed_health_id,
  {{ as_of_date() }} as as_of_date,
  source_domain,
  source_system,
  source_object,
  case
    when complete_through is null then 'never_loaded'
    when age_hours > max_age_hours then 'stale'
    else 'fresh'
  end as status,
  complete_through,
  extracted_at,
  case when complete_through is not null then age_hours end as age_hours,
  max_age_hours,
  records_received,
  records_quarantined
from aged
