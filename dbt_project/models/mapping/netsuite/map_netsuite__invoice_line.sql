-- The ledger is debit-positive: revenue and quantity of an invoice are negative, those of a credit memo positive.
select
  lines.line_key as source_id,
  case
    when transactions.updated_at > lines.updated_at or lines.updated_at is null then transactions.updated_at
    else lines.updated_at
  end as source_updated_at,
  lines.is_deleted or transactions.is_deleted as is_deleted,
  lines.transaction_id as invoice_source_id,
  lines.crm_contract_line_id as contract_line_ref,
  -- A project that the ledger knows by its own number alone is found by that.
  coalesce(jobs.external_id, jobs.project_code) as project_ref,
  lines.resource_email as resource_ref,
  lines.memo as description,
  cast(-lines.quantity as decimal(9, 4)) as quantity,
  cast(lines.rate as decimal(18, 6)) as unit_price,
  cast(-lines.amount as decimal(18, 4)) as net_amount,
  currencies.currency_code as currency,
  lines.service_from_date,
  lines.service_to_date,
  case items.item_code
    when 'RETAINAGE' then 'retainage'
    when 'RETAINAGE-RELEASE' then 'retainage_release'
    when 'MIN-COMMITMENT' then 'true_up'
    when 'PREPAID-HOURS' then 'retainer'
    when 'LATE-FEE' then 'late_fee'
    else 'items'
  end as line_type
from {{ ref('stg_netsuite__transaction_lines') }} as lines
inner join {{ ref('stg_netsuite__transactions') }} as transactions
  on lines.transaction_id = transactions.transaction_id
left join {{ ref('stg_netsuite__jobs') }} as jobs
  on lines.entity_id = jobs.job_id
left join {{ ref('stg_netsuite__items') }} as items
  on lines.item_id = items.item_id
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on transactions.currency_id = currencies.currency_id
where
  transactions.type_code in ('CustInvc', 'CustCred')
  and not coalesce(lines.is_main_line, false)
  and not coalesce(lines.is_tax_line, false)
  -- Stock postings that NetSuite adds by itself are not billed to anybody.
  and coalesce(lines.accounting_line_type, 'INCOME') not in ('COGS', 'ASSET')
