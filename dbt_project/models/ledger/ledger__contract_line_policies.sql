{% set keys = policy_definitions()['contract_line'] %}
with applicable as (
  select
    line.contract_line_id,
    policy.policy_key,
    policy.policy_value,
    row_number() over (
      partition by line.contract_line_id, policy.policy_key
      order by
        ({{ scope_rank('policy') }}) asc nulls last,
        policy.valid_from desc nulls last,
        policy.policy_value asc nulls last
    ) as preference
  from {{ ref('contract_line') }} as line
  inner join {{ ref('policies') }} as policy
    on {{ is_in_scope('policy', 'line') }}
  where
    policy.valid_from <= {{ as_of_date() }}
    and (policy.valid_to is null or policy.valid_to > {{ as_of_date() }})
)

select
  contract_line_id,
  {% for key in keys %}
  cast(max(case when policy_key = '{{ key }}' then policy_value end) as decimal(18, 6)) as {{ key }}{{ ',' if not loop.last }}
  {% endfor %}
from applicable
where preference = 1
group by contract_line_id
