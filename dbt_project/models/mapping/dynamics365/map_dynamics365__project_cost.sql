select
  transactions.company || '-' || transactions.transaction_id as source_id,
  cast(null as {{ dbt.type_timestamp() }}) as source_updated_at,
  transactions.is_deleted,
  -- A project that the ledger knows by its own number alone is found by that.
  coalesce(projects.external_id, transactions.project_number) as project_ref,
  transactions.cost_amount as amount,
  transactions.currency_code as currency,
  transactions.posted_date
from {{ ref('stg_dynamics365__project_transactions') }} as transactions
left join {{ ref('stg_dynamics365__ledger_projects') }} as numbers
  on transactions.company = numbers.company and transactions.project_number = numbers.project_number
left join {{ ref('stg_dynamics365__projects') }} as projects
  on numbers.project_id = projects.project_id
