-- A write-off debits bad debt and credits the receivable: the expense is what was given up, without the tax that goes with it.
with expenses as (
  select
    lines.transaction_id,
    sum(lines.amount) as amount,
    max(lines.updated_at) as updated_at
  from {{ ref('stg_netsuite__transaction_lines') }} as lines
  inner join {{ ref('stg_netsuite__transactions') }} as journals
    on lines.transaction_id = journals.transaction_id
  where
    lines.accounting_line_type = 'EXPENSE'
    -- The lines of a deleted journal are gone with it; they still say what it was worth.
    and (journals.is_deleted or not lines.is_deleted)
  group by lines.transaction_id
)

select
  journals.transaction_id as source_id,
  case
    when expenses.updated_at > journals.updated_at or journals.updated_at is null then expenses.updated_at
    else journals.updated_at
  end as source_updated_at,
  journals.is_deleted or coalesce(journals.is_voided, false) as is_deleted,
  journals.written_off_transaction_id as invoice_source_id,
  cast(expenses.amount as decimal(18, 4)) as amount,
  currencies.currency_code as currency,
  journals.transaction_date as written_off_date,
  journals.write_off_reason as reason_code,
  journals.approved_by as approver,
  journals.approver_role
from {{ ref('stg_netsuite__transactions') }} as journals
left join expenses
  on journals.transaction_id = expenses.transaction_id
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on journals.currency_id = currencies.currency_id
where
  journals.type_code = 'Journal'
  and journals.written_off_transaction_id is not null
  -- A journal that awaits approval is not in the ledger yet.
  and journals.is_posting
