with ranked as (
  select
    source.*,
    -- A system that serves two domains shows the same record in both: it is the CRM's.
    row_number() over (
      partition by source.source_system, source.source_id
      order by case when source.source_domain = 'crm' then 0 else 1 end asc nulls last, source.source_domain asc nulls last
    ) as preference
  from ({{ union_mapped('customer') }}) as source
),

source_customers as (
  select *
  from ranked
  where preference = 1
),

{{ resolve_merges('source_customers') }}

select
  {{ entity_id('source.source_system', 'source.source_id') }} as source_customer_id,
  {{ entity_id('source.source_system', 'survivors.survivor_source_id') }} as survivor_id,
  survivors.is_merge_unresolved,
  survivors.survivor_source_id <> source.source_id as is_merged,
  source.source_domain = '{{ identity_anchor('customer') }}' as is_anchor,
  source.name,
  source.parent_source_id,
  source.currency,
  source.country,
  source.payment_terms_days,
  source.customer_ref,
  source.tax_id,
  source.former_names,
  source.legal_entity_ref,
  source.source_domain,
  source.source_system,
  source.source_id,
  source.source_updated_at,
  source.is_deleted
from source_customers as source
inner join survivors on source.source_system = survivors.source_system and source.source_id = survivors.source_id
