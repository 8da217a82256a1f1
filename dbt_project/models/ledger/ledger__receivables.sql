-- What became of the money on each posted invoice: credited, paid, withheld, deducted, written off, disputed, or still owed.
with invoices as (
  select
    invoice.*,
    coalesce(
      invoice.due_date,
      cast({{ dbt.dateadd('day', 'coalesce(customer.payment_terms_days, 30)', 'invoice.posted_date') }} as date)
    ) as payment_due_date
  from {{ ref('invoice') }} as invoice
  left join {{ ref('customer') }} as customer on invoice.customer_id = customer.customer_id
  where
    invoice.invoice_type = 'invoice'
    and invoice.status = 'posted'
    and not invoice.is_deleted
    and invoice.posted_date <= {{ as_of_date() }}
    and invoice.intercompany_legal_entity_id is null
),

credits as (
  select
    original_invoice_id as invoice_id,
    sum(abs(gross_amount)) as gross_amount,
    sum(abs(net_amount)) as net_amount
  from {{ ref('invoice') }}
  where
    invoice_type = 'credit_memo'
    and status = 'posted'
    and not is_deleted
    and posted_date <= {{ as_of_date() }}
    and original_invoice_id is not null
  group by original_invoice_id
),

payments as (
  select
    invoice_id,
    currency,
    sum(amount) as paid_amount,
    sum(coalesce(withholding_tax_amount, 0)) as withheld_amount,
    sum(case when deduction_reason is not null then coalesce(deduction_amount, 0) else 0 end) as deducted_amount,
    max(payment_date) as last_payment_date
  from {{ ref('payment') }}
  where not is_deleted and payment_date <= {{ as_of_date() }}
  group by invoice_id, currency
),

authorities as (
  select
    write_off.invoice_id,
    write_off.currency,
    write_off.amount,
    write_off.written_off_date,
    write_off.reason_code is not null
    and write_off.approver is not null
    and authority.approver_role is not null
    -- Unknown where the limit is in another currency and no rate says what was given up in it.
    and (
      authority.limit_amount is null
      or {{ converted('write_off.amount', 'write_off.currency', 'coalesce(authority.currency, write_off.currency)', 'fx') }}
      <= authority.limit_amount
    ) as is_approved
  from {{ ref('write_off') }} as write_off
  left join {{ ref('approval_authorities') }} as authority
    on
      lower(write_off.approver_role) = authority.approver_role
      and authority.valid_from <= write_off.written_off_date
      and (authority.valid_to is null or authority.valid_to > write_off.written_off_date)
  left join {{ ref('ledger__fx_daily') }} as fx
    on
      write_off.currency = fx.from_currency
      and authority.currency = fx.to_currency
      and write_off.written_off_date = fx.calendar_date
  where not write_off.is_deleted and write_off.written_off_date <= {{ as_of_date() }}
),

write_offs as (
  select
    invoice_id,
    currency,
    sum(amount) as amount,
    sum(case when not is_approved then amount else 0 end) as unapproved_amount,
    sum(case when is_approved is null then amount else 0 end) as unjudged_amount,
    max(written_off_date) as last_written_off_date
  from authorities
  group by invoice_id, currency
),

open_disputes as (
  select *
  from {{ ref('dispute') }}
  where
    not is_deleted
    and opened_date <= {{ as_of_date() }}
    and (resolved_date is null or resolved_date > {{ as_of_date() }})
),

disputed_items as (
  select
    disputes.dispute_id,
    link.item_id
  from open_disputes as disputes
  inner join {{ ref('billing_link') }} as link on disputes.invoice_line_id = link.invoice_line_id
  where not link.is_deleted
),

-- A credit of the invoice since it was disputed settles that much of the dispute, unless it names items of other lines only.
settling_lines as (
  select distinct
    line.invoice_line_id,
    disputes.invoice_id,
    line.currency,
    abs(line.net_amount) as amount
  from open_disputes as disputes
  inner join {{ ref('invoice') }} as credit on disputes.invoice_id = credit.original_invoice_id
  inner join {{ ref('invoice_line') }} as line on credit.invoice_id = line.invoice_id and disputes.currency = line.currency
  left join {{ ref('billing_link') }} as link on line.invoice_line_id = link.invoice_line_id and not link.is_deleted
  left join disputed_items on disputes.dispute_id = disputed_items.dispute_id and link.item_id = disputed_items.item_id
  where
    credit.invoice_type = 'credit_memo'
    and credit.status = 'posted'
    and not credit.is_deleted
    and not line.is_deleted
    and credit.posted_date between disputes.opened_date and {{ as_of_date() }}
    and (disputes.invoice_line_id is null or link.item_id is null or disputed_items.item_id is not null)
),

settlements as (
  select
    invoice_id,
    currency,
    sum(amount) as amount
  from settling_lines
  group by invoice_id, currency
),

disputes as (
  select
    disputes.invoice_id,
    disputes.currency,
    greatest(0, sum(disputes.amount) - coalesce(max(settlements.amount), 0)) as amount,
    min(disputes.opened_date) as first_opened_date,
    min(disputes.reason_code) as reason_code
  from open_disputes as disputes
  left join settlements on disputes.invoice_id = settlements.invoice_id and disputes.currency = settlements.currency
  group by disputes.invoice_id, disputes.currency
),

lines as (
  select
    invoice_id,
    min(contract_line_id) as contract_line_id,
    min(engagement_id) as engagement_id,
    min(project_id) as project_id
  from {{ ref('invoice_line') }}
  where not is_deleted
  group by invoice_id
),

-- Write-offs and disputes are net of tax; what is open of the receivable contains it.
settled as (
  select
    invoices.invoice_id,
    cast(
      invoices.gross_amount - coalesce(credits.gross_amount, 0) - coalesce(payments.paid_amount, 0)
      - coalesce(payments.withheld_amount, 0) - coalesce(payments.deducted_amount, 0)
      - coalesce({{ money(quotient(
        'cast(write_offs.amount as decimal(20, 4)) * invoices.gross_amount', 'nullif(invoices.net_amount, 0)'
      )) }}, 0) as decimal(18, 4)
    ) as open_amount
  from invoices
  left join credits on invoices.invoice_id = credits.invoice_id
  left join payments on invoices.invoice_id = payments.invoice_id and invoices.currency = payments.currency
  left join write_offs on invoices.invoice_id = write_offs.invoice_id and invoices.currency = write_offs.currency
),

opened as (
  select
    settled.invoice_id,
    settled.open_amount,
    {{ money(quotient(
      'cast(greatest(0, settled.open_amount) as decimal(20, 4)) * invoices.net_amount', 'nullif(invoices.gross_amount, 0)'
    )) }} as open_net_amount,
    {{ money(quotient(
      'cast(greatest(0, -settled.open_amount) as decimal(20, 4)) * invoices.net_amount', 'nullif(invoices.gross_amount, 0)'
    )) }} as excess_net_amount
  from settled
  inner join invoices on settled.invoice_id = invoices.invoice_id
)

select
  invoices.invoice_id,
  invoices.source_system,
  invoices.source_id,
  invoices.invoice_number,
  invoices.customer_id,
  invoices.legal_entity_id,
  lines.engagement_id,
  lines.contract_line_id,
  lines.project_id,
  invoices.posted_date,
  invoices.payment_due_date as due_date,
  invoices.sent_date,
  invoices.rejected_date,
  invoices.rejection_reason,
  invoices.net_amount,
  invoices.tax_amount,
  invoices.gross_amount,
  cast(coalesce(credits.net_amount, 0) as decimal(18, 4)) as credited_net_amount,
  cast(coalesce(credits.gross_amount, 0) as decimal(18, 4)) as credited_amount,
  cast(coalesce(payments.paid_amount, 0) as decimal(18, 4)) as paid_amount,
  cast(coalesce(payments.withheld_amount, 0) as decimal(18, 4)) as withheld_amount,
  cast(coalesce(payments.deducted_amount, 0) as decimal(18, 4)) as deducted_amount,
  payments.last_payment_date,
  cast(coalesce(write_offs.amount, 0) as decimal(18, 4)) as written_off_amount,
  -- What was paid after all was not lost.
  cast(
    greatest(0, coalesce(write_offs.unapproved_amount, 0) - coalesce(opened.excess_net_amount, 0)) as decimal(18, 4)
  ) as unapproved_write_off_amount,
  cast(coalesce(write_offs.unjudged_amount, 0) as decimal(18, 4)) as unjudged_write_off_amount,
  write_offs.last_written_off_date,
  -- What was paid, credited or given up meanwhile is in dispute no more.
  cast(
    least(coalesce(disputes.amount, 0), coalesce(opened.open_net_amount, disputes.amount, 0)) as decimal(18, 4)
  ) as disputed_amount,
  disputes.first_opened_date as dispute_opened_date,
  disputes.reason_code as dispute_reason,
  opened.open_amount,
  cast(opened.open_net_amount as decimal(18, 4)) as open_net_amount,
  invoices.currency
from invoices
inner join opened on invoices.invoice_id = opened.invoice_id
left join credits on invoices.invoice_id = credits.invoice_id
left join payments on invoices.invoice_id = payments.invoice_id and invoices.currency = payments.currency
left join write_offs on invoices.invoice_id = write_offs.invoice_id and invoices.currency = write_offs.currency
left join disputes on invoices.invoice_id = disputes.invoice_id and invoices.currency = disputes.currency
left join lines on invoices.invoice_id = lines.invoice_id
