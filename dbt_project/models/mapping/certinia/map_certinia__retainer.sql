select
  retainer.retainer_id as source_id,
  retainer.system_modstamp as source_updated_at,
  retainer.is_deleted,
  retainer.crm_contract_line_id as contract_line_ref,
  retainer.valid_from_date as start_date,
  retainer.valid_until_date as expiry_date,
  retainer.prepaid_hours as hours,
  retainer.amount,
  coalesce(retainer.currency_iso_code, organization.default_currency_iso_code) as currency,
  retainer.is_refundable
from {{ ref('stg_certinia__retainers') }} as retainer
left join {{ ref('stg_certinia__organization') }} as organization
  on not organization.is_deleted
