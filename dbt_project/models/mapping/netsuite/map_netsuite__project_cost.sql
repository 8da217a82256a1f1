select
  lines.line_key as source_id,
  case
    when journals.updated_at > lines.updated_at or lines.updated_at is null then journals.updated_at
    else lines.updated_at
  end as source_updated_at,
  lines.is_deleted or journals.is_deleted or coalesce(journals.is_voided, false) as is_deleted,
  coalesce(jobs.external_id, jobs.project_code) as project_ref,
  cast(lines.amount as decimal(18, 4)) as amount,
  currencies.currency_code as currency,
  journals.transaction_date as posted_date
from {{ ref('stg_netsuite__transaction_lines') }} as lines
inner join {{ ref('stg_netsuite__transactions') }} as journals
  on lines.transaction_id = journals.transaction_id
inner join {{ ref('stg_netsuite__jobs') }} as jobs
  on lines.entity_id = jobs.job_id
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on journals.currency_id = currencies.currency_id
where
  journals.type_code = 'Journal'
  -- A journal that awaits approval is not in the ledger yet.
  and journals.is_posting
  and lines.accounting_line_type in ('EXPENSE', 'COGS')
