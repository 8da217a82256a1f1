with source_customers as (
  {{ union_mapped('customer') }}
),

ranked as (
  select
    xref.customer_id,
    source.name,
    source.currency,
    source.country,
    source.payment_terms_days,
    source.source_system,
    source.source_id,
    source.source_updated_at,
    source.is_deleted,
    parent.customer_id as parent_customer_id,
    -- The ledger's system is the record of who is billed; the CRM's of the hierarchy.
    row_number() over (
      partition by xref.customer_id
      order by
        case when source.source_domain = 'erp' then 0 else 1 end asc nulls last,
        case when xref.match_method = 'merged' then 1 else 0 end asc nulls last,
        source.source_id asc nulls last
    ) as preference,
    max(parent.customer_id) over (partition by xref.customer_id) as any_parent_customer_id
  from source_customers as source
  inner join {{ ref('customer_xref') }} as xref
    on source.source_system = xref.source_system and source.source_id = xref.source_id
  left join {{ ref('customer_xref') }} as parent
    on source.source_system = parent.source_system and source.parent_source_id = parent.source_id
)

select
  customer_id,
  name,
  currency,
  country,
  payment_terms_days,
  any_parent_customer_id as parent_customer_id,
  source_system,
  source_id,
  source_updated_at,
  is_deleted
from ranked
where preference = 1
