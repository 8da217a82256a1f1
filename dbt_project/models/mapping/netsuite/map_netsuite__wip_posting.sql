-- The side of the journal that stands in the balance sheet; debit-positive, so a reversal is negative.
select
  lines.line_key as source_id,
  case
    when journals.updated_at > lines.updated_at or lines.updated_at is null then journals.updated_at
    else lines.updated_at
  end as source_updated_at,
  lines.is_deleted or journals.is_deleted or coalesce(journals.is_voided, false) as is_deleted,
  lines.crm_contract_line_id as contract_line_ref,
  case
    when lines.wip_source_type_code = 'TIME' then 'time_entry'
    when lines.wip_source_type_code = 'EXPENSE' then 'expense_item'
    when lines.wip_source_type_code = 'VENDOR_BILL' then 'supplier_cost'
    when lines.wip_source_type_code is not null then 'unknown'
  end as item_type,
  lines.wip_source_reference as item_ref,
  cast(lines.amount as decimal(18, 4)) as amount,
  currencies.currency_code as currency,
  journals.transaction_date as posted_date,
  case
    when coalesce(books.is_primary, true) then 'primary'
    else books.name
  end as book
from {{ ref('stg_netsuite__transaction_lines') }} as lines
inner join {{ ref('stg_netsuite__transactions') }} as journals
  on lines.transaction_id = journals.transaction_id
left join {{ ref('stg_netsuite__accounting_books') }} as books
  on journals.book_id = books.book_id
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on journals.currency_id = currencies.currency_id
where
  journals.type_code = 'Journal'
  and journals.journal_purpose_code = 'WIP'
  and journals.is_posting
  and lines.accounting_line_type = 'ASSET'
