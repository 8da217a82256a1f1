with source_customers as (
  {{ union_mapped('customer') }}
),

referenced as (
  select
    own.source_domain,
    own.source_system,
    own.source_id,
    own.merged_into_source_id,
    crm.source_system as crm_system,
    crm.source_id as crm_id,
    crm.merged_into_source_id as crm_merged_into
  from source_customers as own
  left join source_customers as crm
    on crm.source_domain = 'crm' and own.source_domain <> 'crm' and own.customer_ref = crm.source_id
)

select
  {{ entity_id('source_system', 'source_id') }} as source_customer_id,
  source_system,
  source_id,
  case
    when crm_id is not null then {{ entity_id('crm_system', 'coalesce(crm_merged_into, crm_id)') }}
    else {{ entity_id('source_system', 'coalesce(merged_into_source_id, source_id)') }}
  end as customer_id,
  case
    when crm_id is not null then 'reference'
    when merged_into_source_id is not null then 'merged'
    else 'own'
  end as match_method
from referenced
