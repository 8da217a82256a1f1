select
  postings.company || '-' || postings.posting_number as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  postings.is_deleted,
  contract_lines.external_id as contract_line_ref,
  case
    when postings.external_reference is null then null
    when postings.type_code = 'Hour' then 'time_entry'
    when postings.type_code = 'Cost' then 'expense_item'
    when postings.type_code = 'Item' then 'supplier_cost'
    else 'unknown'
  end as item_type,
  postings.external_reference as item_ref,
  postings.amount,
  postings.currency_code as currency,
  postings.posted_date,
  coalesce(postings.book, 'primary') as book
from {{ ref('stg_dynamics365__wip_postings') }} as postings
left join {{ ref('stg_dynamics365__contract_lines') }} as contract_lines
  on postings.contract_line_id = contract_lines.contract_line_id
