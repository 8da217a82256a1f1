with line_totals as (
  select
    invoice_source_id,
    sum(net_amount) as net_amount
  from {{ ref('map_netsuite__invoice_line') }}
  where not is_deleted
  group by invoice_source_id
),

-- Debit-positive: tax owed is a credit, the receivable a debit.
other_lines as (
  select
    transaction_id,
    max(case when is_main_line then subsidiary_id end) as subsidiary_id,
    -sum(case when is_tax_line then amount else 0 end) as tax_amount,
    sum(case when is_main_line then amount end) as gross_amount
  from {{ ref('stg_netsuite__transaction_lines') }}
  where not is_deleted and (is_main_line or is_tax_line)
  group by transaction_id
),

-- A credit memo that was written on its own, and then applied to one invoice only, corrects that invoice.
applied_credits as (
  select
    next_transaction_id as credit_transaction_id,
    min(previous_transaction_id) as invoice_transaction_id
  from {{ ref('stg_netsuite__transaction_links') }}
  where next_type_code = 'CustCred' and not is_deleted
  group by next_transaction_id
  having count(distinct previous_transaction_id) = 1
)

select
  transactions.transaction_id as source_id,
  transactions.updated_at as source_updated_at,
  transactions.is_deleted,
  transactions.number as invoice_number,
  case transactions.type_code when 'CustInvc' then 'invoice' else 'credit_memo' end as invoice_type,
  transactions.entity_id as customer_source_id,
  other_lines.subsidiary_id as legal_entity_source_id,
  currencies.currency_code as currency,
  case
    when transactions.is_voided or transactions.status_code = 'V' then 'voided'
    -- A rejected document never reached the ledger either.
    when transactions.status_code = 'D' or transactions.approval_status_id in ('1', '3') then 'draft'
    when
      transactions.is_posting
      and transactions.status_code in ('A', 'B')
      and coalesce(transactions.approval_status_id, '2') = '2' then 'posted'
    else 'unknown'
  end as status,
  coalesce(transactions.invoice_date, transactions.transaction_date) as issue_date,
  case when transactions.is_posting then transactions.transaction_date end as posted_date,
  transactions.sent_date,
  transactions.due_date,
  case
    when transactions.type_code = 'CustCred'
      then coalesce(transactions.created_from_transaction_id, applied_credits.invoice_transaction_id)
  end as original_invoice_source_id,
  transactions.credit_reason as reason_code,
  cast(coalesce(line_totals.net_amount, 0) as decimal(18, 4)) as net_amount,
  cast(coalesce(other_lines.tax_amount, 0) as decimal(18, 4)) as tax_amount,
  cast(
    coalesce(other_lines.gross_amount, coalesce(line_totals.net_amount, 0) + coalesce(other_lines.tax_amount, 0))
    as decimal(18, 4)
  ) as gross_amount,
  transactions.rejected_date,
  transactions.rejection_reason,
  transactions.is_awaiting_sending
from {{ ref('stg_netsuite__transactions') }} as transactions
left join line_totals
  on transactions.transaction_id = line_totals.invoice_source_id
left join other_lines
  on transactions.transaction_id = other_lines.transaction_id
left join applied_credits
  on transactions.transaction_id = applied_credits.credit_transaction_id
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on transactions.currency_id = currencies.currency_id
where transactions.type_code in ('CustInvc', 'CustCred')
