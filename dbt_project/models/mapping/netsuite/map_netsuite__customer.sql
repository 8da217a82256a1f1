select
  customers.customer_id as source_id,
  customers.updated_at as source_updated_at,
  customers.is_deleted,
  customers.name,
  customers.parent_customer_id as parent_source_id,
  currencies.currency_code as currency,
  customers.country,
  terms.days_until_due as payment_terms_days,
  customers.merged_into_customer_id as merged_into_source_id,
  customers.external_id as customer_ref,
  customers.tax_id,
  cast(null as {{ dbt.type_string() }}) as former_names,
  customers.represented_subsidiary_id as legal_entity_ref
from {{ ref('stg_netsuite__customers') }} as customers
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on customers.currency_id = currencies.currency_id
left join {{ ref('stg_netsuite__terms') }} as terms
  on customers.term_id = terms.term_id
