{#
  What settles the money of a finding's subject, in the currency of the finding: posted invoice lines bill an item, credits take
  back, payments settle an invoice that is disputed, stuck or paid short.
#}
with settlements as (
  select
    allocation_id as settlement_id,
    'invoice_line' as settlement_type,
    item_id as subject_id,
    invoice_id,
    invoice_line_id,
    cast(null as {{ dbt.type_string() }}) as payment_id,
    posted_date as settled_date,
    contract_amount as amount,
    contract_currency as currency
  from {{ ref('ledger__billing_allocations') }}
  -- A concession gives the price up; what it takes off was billed and stays so.
  where treatment <> 'concession' and contract_amount is not null
  union all
  select
    payment_id as settlement_id,
    'payment' as settlement_type,
    invoice_id as subject_id,
    invoice_id,
    cast(null as {{ dbt.type_string() }}) as invoice_line_id,
    payment_id,
    payment_date as settled_date,
    amount,
    currency
  from {{ ref('payment') }}
  where not is_deleted and invoice_id is not null and payment_date <= {{ as_of_date() }}
)

select
  settlement_id,
  settlement_type,
  subject_id,
  invoice_id,
  invoice_line_id,
  payment_id,
  settled_date,
  cast(amount as decimal(18, 4)) as amount,
  currency
from settlements
