with ranked as (
  select
    xref.customer_id,
    record.name,
    record.currency,
    record.country,
    record.payment_terms_days,
    record.source_system,
    record.source_id,
    record.source_updated_at,
    record.is_deleted,
    -- The ledger's system is the record of who is billed; the CRM's of the hierarchy.
    row_number() over (
      partition by xref.customer_id
      order by
        case when record.source_domain = 'erp' then 0 else 1 end asc nulls last,
        case when record.is_merged then 1 else 0 end asc nulls last,
        record.source_id asc nulls last
    ) as preference,
    max(parent.customer_id) over (partition by xref.customer_id) as any_parent_customer_id
  from {{ ref('customer_record') }} as record
  inner join {{ ref('customer_xref') }} as xref
    on record.source_customer_id = xref.source_customer_id
  left join {{ ref('customer_xref') }} as parent
    on record.source_system = parent.source_system and record.parent_source_id = parent.source_id
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
