{#
  The domain whose records are the customers or people that those of other systems are matched to: the first of its
  domains, in order of precedence, that is connected.
#}
{% macro identity_anchor(entity_type) %}
  {% set domains = enabled_systems() | map('first') | list %}
  {% set order = {'customer': ['crm', 'erp'], 'resource': ['hr', 'psa']}[entity_type] %}
  {{ return(order | select('in', domains) | first | default(order[0], true)) }}
{% endmacro %}

{# Rounds of pointer jumping: each doubles the reach, so five resolve chains of up to 32 merges. #}
{% macro merge_rounds() %}{{ return(5) }}{% endmacro %}

{#
  The record that stands for each record of a relation after its system's own merges: A into B into C gives C for all
  three, up to 2 ^ merge_rounds() merges deep, without a recursive query. A record of a circle, or of a longer chain,
  stands for itself and has is_merge_unresolved true. A target that the system no longer has keeps its id.
  Emits CTEs; the last one is survivors: source_system, source_id, survivor_source_id, is_merge_unresolved.
#}
{% macro resolve_merges(relation) -%}
  hop_0 as (
    select
      source_system,
      source_id,
      nullif(merged_into_source_id, source_id) as target_id
    from {{ relation }}
  ),
  {% for round in range(merge_rounds()) %}
  hop_{{ round + 1 }} as (
    select
      own.source_system,
      own.source_id,
      coalesce(next.target_id, own.target_id) as target_id
    from hop_{{ round }} as own
    left join hop_{{ round }} as next
      on own.source_system = next.source_system and own.target_id = next.source_id
  ),
  {% endfor %}
  survivors as (
    select
      own.source_system,
      own.source_id,
      case when beyond.target_id is null then coalesce(own.target_id, own.source_id) else own.source_id end
        as survivor_source_id,
      beyond.target_id is not null as is_merge_unresolved
    from hop_{{ merge_rounds() }} as own
    left join hop_0 as beyond
      on own.source_system = beyond.source_system and own.target_id = beyond.source_id
  )
{%- endmacro %}

{#
  Own records against target records, by equal keys: for each rule of the seed identity_rules that is on, the pairs that
  share a key. Reads CTEs that the model defines:
    own_keys        source_system, source_id, own_group, rule, match_key
    target_keys     target_id, rule, match_key
    target_records  source_system, source_id, target_id: every record that stands for a target
  own_group is what counts as one on the own side (a record with what was merged into it; for text that people or
  systems write, the text). Emits CTEs; the last one is named: one row per own record, target and rule.
#}
{% macro identity_pairs(entity_type) -%}
  decisions as (
    select
      decision.source_system,
      decision.source_id,
      decision.is_same,
      target_records.target_id
    from {{ ref('identity_decisions') }} as decision
    inner join target_records
      on decision.target_system = target_records.source_system and decision.target_source_id = target_records.source_id
    where decision.entity_type = '{{ entity_type }}'
  ),

  pairs as (
    select
      own.source_system,
      own.source_id,
      own.own_group,
      target.target_id,
      own.rule,
      own.match_key
    from own_keys as own
    inner join target_keys as target on own.rule = target.rule and own.match_key = target.match_key

    union all

    select source_system, source_id, target_id as own_group, target_id, 'confirmed' as rule, target_id as match_key
    from decisions
    where is_same
  ),

  named as (
    select
      pairs.source_system,
      pairs.source_id,
      pairs.target_id,
      pairs.rule,
      rules.sequence,
      rules.confidence,
      min(pairs.own_group) as own_group,
      min(pairs.match_key) as matched_on
    from pairs
    inner join {{ ref('identity_rules') }} as rules
      on rules.entity_type = '{{ entity_type }}' and pairs.rule = rules.rule and rules.is_enabled
    group by pairs.source_system, pairs.source_id, pairs.target_id, pairs.rule, rules.sequence, rules.confidence
  )
{%- endmacro %}

{#
  Which of the named pairs hold. Reads named and the model's CTE contradictions (source_system, source_id, target_id,
  rule): pairs that other evidence refutes, which are shown and never counted. A rule holds for a pair when the pair is
  the only one both ways; the first rule that holds decides, and only among what the first rule with candidates named.
  Between records that is asked from both sides, so that the answer is the same from either; texts that people or
  systems write (one_to_one false) may be many for one target.
  Emits CTEs; the last one is candidates: one row per own record, target and rule.
#}
{% macro identity_choice(one_to_one=true) -%}
  judged as (
    select
      named.source_system,
      named.source_id,
      named.own_group,
      named.target_id,
      named.rule,
      named.sequence,
      named.confidence,
      named.matched_on,
      max(
        case when contradictions.target_id is not null or denied.target_id is not null then 1 else 0 end
      ) as contradicted
    from named
    left join contradictions
      on
        named.source_system = contradictions.source_system
        and named.source_id = contradictions.source_id
        and named.target_id = contradictions.target_id
        and named.rule = contradictions.rule
    left join decisions as denied
      on
        named.source_system = denied.source_system
        and named.source_id = denied.source_id
        and named.target_id = denied.target_id
        and not denied.is_same
    group by
      named.source_system, named.source_id, named.own_group, named.target_id, named.rule, named.sequence,
      named.confidence, named.matched_on
  ),

  targets_per_own as (
    select
      source_system,
      source_id,
      rule,
      count(distinct target_id) as target_count
    from judged
    where contradicted = 0
    group by source_system, source_id, rule
  ),

  owns_per_target as (
    select
      source_system,
      target_id,
      rule,
      count(distinct own_group) as own_count
    from judged
    where contradicted = 0
    group by source_system, target_id, rule
  ),

  placed as (
    select
      judged.*,
      min(case when contradicted = 0 then sequence end) over (partition by source_system, source_id) as first_of_own,
      min(case when contradicted = 0 then sequence end) over (partition by source_system, target_id) as first_of_target
    from judged
  ),

  weighed as (
    select
      placed.*,
      coalesce(placed.contradicted = 0 and targets_per_own.target_count = 1 and owns_per_target.own_count = 1, false)
      and max(case when placed.contradicted = 0 and placed.sequence = placed.first_of_own then 1 else 0 end) over (
        partition by placed.source_system, placed.source_id, placed.target_id
      ) = 1
      {%- if one_to_one %}
      and max(case when placed.contradicted = 0 and placed.sequence = placed.first_of_target then 1 else 0 end) over (
        partition by placed.source_system, placed.source_id, placed.target_id
      ) = 1
      {%- endif %} as is_eligible
    from placed
    left join targets_per_own
      on
        placed.source_system = targets_per_own.source_system
        and placed.source_id = targets_per_own.source_id
        and placed.rule = targets_per_own.rule
    left join owns_per_target
      on
        placed.source_system = owns_per_target.source_system
        and placed.target_id = owns_per_target.target_id
        and placed.rule = owns_per_target.rule
  ),

  candidates as (
    select
      source_system,
      source_id,
      target_id,
      rule,
      confidence,
      matched_on,
      contradicted = 1 as is_contradicted,
      is_eligible
      {%- if one_to_one %}
      and sequence = min(case when is_eligible then sequence end) over (partition by source_system, target_id)
      {%- endif %}
      and sequence = min(case when is_eligible then sequence end) over (partition by source_system, source_id) as is_chosen
    from weighed
  )
{%- endmacro %}

{#
  What a record that nothing was chosen for had to choose from, one row per record: the targets by name, and why none
  was taken. Reads a relation of candidates.
#}
{% macro open_candidates(relation) -%}
  select
    source_system,
    source_id,
    {{ dbt.listagg("target_id", "', '", "order by target_id asc nulls last") }} as candidates,
    case when min(contradicted) = 0 then 'ambiguous' else 'contradicted' end as unmatched_reason
  from (
    select
      source_system,
      source_id,
      target_id,
      min(case when is_contradicted then 1 else 0 end) as contradicted,
      max(case when is_chosen then 1 else 0 end) over (partition by source_system, source_id) as has_choice
    from {{ relation }}
    group by source_system, source_id, target_id, is_chosen
  ) as named_targets
  where has_choice = 0
  group by source_system, source_id
{%- endmacro %}
