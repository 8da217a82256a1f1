with field as (
  {{ kantata_custom_fields('Estimate', {'agreement_type': 'display_value', 'agreed_amount': 'amount_subunits'},
    owner=['stg_kantata__estimates', 'estimate_id']) }}
),

reference as (
  {{ kantata_references('Estimate', ['contract_line'], owner=['stg_kantata__estimates', 'estimate_id']) }}
)

select
  estimate.estimate_id as source_id,
  estimate.updated_at as source_updated_at,
  estimate.is_deleted,
  reference.contract_line as contract_line_ref,
  {{ kantata_units('field.agreed_amount', 'currency.subunits_per_unit', 'decimal(18, 4)') }} as amount,
  coalesce(field.agreed_amount_currency, estimate.currency) as currency,
  estimate.created_at
from {{ ref('stg_kantata__estimates') }} as estimate
inner join field
  on estimate.estimate_id = field.subject_id
left join reference
  on estimate.estimate_id = reference.subject_id
left join {{ ref('stg_kantata__currencies') }} as currency
  on field.agreed_amount_currency = currency.currency_code
where lower(field.agreement_type) = 'contract line'
