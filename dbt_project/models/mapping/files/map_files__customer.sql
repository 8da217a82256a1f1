select
  customer_no as source_id,
  exported_at as source_updated_at,
  is_deleted,
  name,
  parent_no as parent_source_id,
  currency,
  country,
  payment_terms_days,
  merged_into_no as merged_into_source_id,
  crm_account_id as customer_ref,
  tax_id,
  former_names,
  represented_entity as legal_entity_ref
from {{ ref('stg_files__customers') }}
