with applications as (
  select
    links.next_transaction_id,
    links.previous_transaction_id,
    links.applied_amount,
    links.updated_at,
    links.is_deleted,
    min(case when links.is_deleted then 1 else 0 end) over (
      partition by links.next_transaction_id, links.previous_transaction_id
    ) as is_withdrawn
  from {{ ref('stg_netsuite__transaction_links') }} as links
  where
    links.next_type_code = 'CustPymt'
    and links.link_type = 'Payment'
),

-- An application that was taken back whole keeps its last amount and is marked deleted; else its living parts count.
totals as (
  select
    next_transaction_id,
    previous_transaction_id,
    sum(applied_amount) as amount,
    max(updated_at) as updated_at,
    max(is_withdrawn) as is_withdrawn
  from applications
  where not is_deleted or is_withdrawn = 1
  group by
    next_transaction_id,
    previous_transaction_id
),

-- What the customer kept back stands on the payment: it counts once, with the first of the payment's applications.
placed as (
  select
    totals.*,
    row_number() over (
      partition by next_transaction_id
      order by is_withdrawn asc nulls last, previous_transaction_id asc nulls last
    ) as place
  from totals
)

select
  placed.next_transaction_id || '-' || placed.previous_transaction_id as source_id,
  case
    when payments.updated_at > placed.updated_at then payments.updated_at
    else placed.updated_at
  end as source_updated_at,
  placed.is_withdrawn = 1 or payments.is_deleted or coalesce(payments.is_voided, false) as is_deleted,
  placed.previous_transaction_id as invoice_source_id,
  payments.entity_id as customer_source_id,
  cast(placed.amount as decimal(18, 4)) as amount,
  currencies.currency_code as currency,
  payments.transaction_date as payment_date,
  case when placed.place = 1 then payments.withholding_tax_amount end as withholding_tax_amount,
  case when placed.place = 1 then payments.deduction_amount end as deduction_amount,
  case when placed.place = 1 then payments.deduction_reason end as deduction_reason
from placed
inner join {{ ref('stg_netsuite__transactions') }} as payments
  on placed.next_transaction_id = payments.transaction_id
left join {{ ref('stg_netsuite__currencies') }} as currencies
  on payments.currency_id = currencies.currency_id
-- A payment that awaits approval is not in the ledger: no cash has been received.
where payments.is_posting
