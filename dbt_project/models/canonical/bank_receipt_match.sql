{# What stands between words in a remittance; a hyphen, a point or a slash may be part of an invoice number. #}
{% set separators = [',', ';', ':', '(', ')', '#', '+', '?', '*'] %}
with receipts as (
  -- Money from customers: what came in, and what went back. A payment of our own that returns is none.
  select
    bank_transaction_id,
    upper(trim(invoice_ref)) as structured_number,
    upper(trim(payment_reference)) as end_to_end_number,
    ' ' || {% for _ in separators %}replace({% endfor %}upper(coalesce(remittance_text, ''))
    {%- for separator in separators %}, '{{ separator }}', ' '){% endfor %} || ' ' as words
  from {{ ref('bank_transaction') }}
  where
    not is_deleted
    and ((amount > 0 and not is_reversal) or (amount < 0 and is_reversal))
),

invoices as (
  select
    invoice_id,
    upper(trim(invoice_number)) as invoice_number
  from {{ ref('invoice') }}
  where not is_deleted and status = 'posted' and invoice_type = 'invoice'
),

by_reference as (
  select
    receipts.bank_transaction_id,
    invoices.invoice_id,
    'structured' as match_method,
    1 as precedence
  from receipts
  inner join invoices on receipts.structured_number = invoices.invoice_number

  union all

  select
    receipts.bank_transaction_id,
    invoices.invoice_id,
    'end_to_end_id' as match_method,
    2 as precedence
  from receipts
  inner join invoices on receipts.end_to_end_number = invoices.invoice_number
),

named as (
  select *
  from by_reference

  union all

  -- A number of three characters or less stands in too many texts; so does one that is part of another number.
  select
    receipts.bank_transaction_id,
    invoices.invoice_id,
    'text' as match_method,
    3 as precedence
  from receipts
  inner join invoices
    on
      length(invoices.invoice_number) > 3
      and (
        {{ dbt.position("' ' || invoices.invoice_number || ' '", "receipts.words") }} > 0
        or {{ dbt.position("' ' || invoices.invoice_number || '. '", "receipts.words") }} > 0
      )
  left join by_reference on receipts.bank_transaction_id = by_reference.bank_transaction_id
  where by_reference.bank_transaction_id is null
),

strongest as (
  select
    bank_transaction_id,
    min(precedence) as precedence
  from named
  group by bank_transaction_id
)

select
  receipts.bank_transaction_id,
  case when count(distinct named.invoice_id) = 1 then min(named.invoice_id) end as invoice_id,
  coalesce(min(named.match_method), 'none') as match_method,
  cast(count(distinct named.invoice_id) as {{ dbt.type_int() }}) as invoice_count
from receipts
left join strongest on receipts.bank_transaction_id = strongest.bank_transaction_id
left join named
  on
    strongest.bank_transaction_id = named.bank_transaction_id
    and strongest.precedence = named.precedence
group by receipts.bank_transaction_id
