{% set window_days = 90 %}
{% set window_start %}cast({{ dbt.dateadd('day', -window_days, as_of_date()) }} as date){% endset %}
-- (Step 1/4) What was billed and what is owed today.
with documents as (
  select
    legal_entity_id,
    currency,
    posted_date,
    invoice_type,
    original_invoice_id,
    case when invoice_type = 'credit_memo' then -abs(gross_amount) else gross_amount end as gross_amount
  from {{ ref('invoice') }}
  where
    invoice_type in ('invoice', 'credit_memo')
    and status = 'posted'
    and not is_deleted
    and posted_date <= {{ as_of_date() }}
    and intercompany_legal_entity_id is null
),

sales as (
  select
    legal_entity_id,
    currency,
    min(case when invoice_type = 'invoice' then posted_date end) as first_posted_date,
    sum(case when posted_date > {{ window_start }} then gross_amount end) as credit_sales_amount,
    sum(case when invoice_type = 'credit_memo' and original_invoice_id is null then -gross_amount end)
      as unapplied_credit_amount
  from documents
  group by legal_entity_id, currency
),

-- (Step 2/4) What was owed when the window began: the invoices of then, with what has settled them since.
settlements as (
  select
    original_invoice_id as invoice_id,
    currency,
    posted_date as settled_date,
    -gross_amount as amount
  from documents
  where original_invoice_id is not null and invoice_type = 'credit_memo'
  union all
  select
    invoice_id,
    currency,
    payment_date as settled_date,
    amount + coalesce(withholding_tax_amount, 0)
    + case when deduction_reason is not null then coalesce(deduction_amount, 0) else 0 end as amount
  from {{ ref('payment') }}
  where not is_deleted
  union all
  -- A write-off is net of tax, whose share goes with it.
  select
    write_off.invoice_id,
    write_off.currency,
    write_off.written_off_date as settled_date,
    {{ money(quotient(
      'cast(write_off.amount as decimal(20, 4)) * receivable.gross_amount', 'nullif(receivable.net_amount, 0)'
    )) }} as amount
  from {{ ref('write_off') }} as write_off
  inner join {{ ref('ledger__receivables') }} as receivable on write_off.invoice_id = receivable.invoice_id
  where not write_off.is_deleted
),

settled_since as (
  select
    receivable.invoice_id,
    sum(settlement.amount) as amount
  from {{ ref('ledger__receivables') }} as receivable
  inner join settlements as settlement
    on receivable.invoice_id = settlement.invoice_id and receivable.currency = settlement.currency
  where settlement.settled_date > {{ window_start }} and settlement.settled_date <= {{ as_of_date() }}
  group by receivable.invoice_id
),

receivables as (
  select
    receivable.legal_entity_id,
    receivable.currency,
    sum(case when receivable.open_amount <> 0 then 1 else 0 end) as open_invoice_count,
    sum(receivable.open_amount) as ar_amount,
    sum(case when receivable.due_date >= {{ as_of_date() }} then receivable.open_amount else 0 end) as current_ar_amount,
    sum(
      case when receivable.posted_date <= {{ window_start }} then receivable.open_amount + coalesce(settled_since.amount, 0) end
    ) as beginning_ar_amount
  from {{ ref('ledger__receivables') }} as receivable
  left join settled_since on receivable.invoice_id = settled_since.invoice_id
  group by receivable.legal_entity_id, receivable.currency
),

-- (Step 3/4) Countback: from the latest month back, each month's sales take their days of what is owed.
months as (
  select
    month_start_date,
    max(case when calendar_date <= {{ as_of_date() }} then day_of_month end) as day_count
  from {{ ref('ledger__calendar_days') }}
  where calendar_date <= {{ as_of_date() }}
  group by month_start_date
),

monthly as (
  select
    sales.legal_entity_id,
    sales.currency,
    months.month_start_date,
    months.day_count,
    greatest(coalesce(sum(documents.gross_amount), 0), 0) as amount
  from sales
  inner join months on months.month_start_date >= cast({{ dbt.date_trunc('month', 'sales.first_posted_date') }} as date)
  left join documents
    on
      sales.currency = documents.currency
      and coalesce(sales.legal_entity_id, 'none') = coalesce(documents.legal_entity_id, 'none')
      and cast({{ dbt.date_trunc('month', 'documents.posted_date') }} as date) = months.month_start_date
  group by sales.legal_entity_id, sales.currency, months.month_start_date, months.day_count
),

cumulated as (
  select
    monthly.*,
    sum(amount) over (
      partition by legal_entity_id, currency order by month_start_date desc nulls last
      rows between unbounded preceding and current row
    ) as amount_back_to
  from monthly
),

countback as (
  select
    receivables.legal_entity_id,
    receivables.currency,
    sum(
      case
        when receivables.ar_amount >= cumulated.amount_back_to then cast(cumulated.day_count as decimal(28, 6))
        when receivables.ar_amount > cumulated.amount_back_to - cumulated.amount
          then {{ quotient(
            'cast(cumulated.day_count as decimal(4, 0))'
            ~ ' * cast(receivables.ar_amount - cumulated.amount_back_to + cumulated.amount as decimal(24, 4))',
            'cumulated.amount'
          ) }}
      end
    ) as days,
    max(cumulated.amount_back_to) as all_sales_amount
  from receivables
  inner join cumulated
    on
      receivables.currency = cumulated.currency
      and coalesce(receivables.legal_entity_id, 'none') = coalesce(cumulated.legal_entity_id, 'none')
  group by receivables.legal_entity_id, receivables.currency
),

-- (Step 4/4) One row of figures, which the last select puts into ratios.
joined as (
  select
    receivables.*,
    sales.first_posted_date,
    sales.credit_sales_amount,
    sales.unapplied_credit_amount,
    {{ money(quotient('cast(sales.credit_sales_amount as decimal(24, 4))', window_days // 30)) }} as monthly_sales_amount,
    case
      when receivables.ar_amount <= 0 then 0
      -- More is owed than was ever billed here: the months before are not known.
      when receivables.ar_amount <= countback.all_sales_amount then countback.days
    end as countback_days
  from receivables
  left join sales
    on
      receivables.currency = sales.currency
      and coalesce(receivables.legal_entity_id, 'none') = coalesce(sales.legal_entity_id, 'none')
  left join countback
    on
      receivables.currency = countback.currency
      and coalesce(receivables.legal_entity_id, 'none') = coalesce(countback.legal_entity_id, 'none')
)

select
  {{ dbt.hash("coalesce(joined.legal_entity_id, 'none') || '|' || joined.currency") }} as dso_id,
  {{ as_of_date() }} as as_of_date,
  joined.legal_entity_id,
  coalesce(legal_entity.name, 'unknown legal entity') as legal_entity_name,
  {{ window_days }} as window_days,
  joined.first_posted_date,
  joined.first_posted_date <= {{ window_start }} as is_window_covered,
  cast(joined.open_invoice_count as int) as open_invoice_count,
  cast(joined.beginning_ar_amount as decimal(18, 4)) as beginning_ar_amount,
  cast(joined.ar_amount as decimal(18, 4)) as ar_amount,
  cast(joined.current_ar_amount as decimal(18, 4)) as current_ar_amount,
  cast(joined.unapplied_credit_amount as decimal(18, 4)) as unapplied_credit_amount,
  cast(joined.credit_sales_amount as decimal(18, 4)) as credit_sales_amount,
  joined.monthly_sales_amount,
  {{ days_of('joined.ar_amount', 'joined.credit_sales_amount', window_days) }} as dso_days,
  {{ days_of('joined.current_ar_amount', 'joined.credit_sales_amount', window_days) }} as best_possible_dso_days,
  {{ days_of('joined.ar_amount - joined.current_ar_amount', 'joined.credit_sales_amount', window_days) }} as delinquent_days,
  cast(round(joined.countback_days, 1) as decimal(18, 4)) as countback_dso_days,
  {{ percentage(
    'joined.beginning_ar_amount + joined.monthly_sales_amount - joined.ar_amount',
    'joined.beginning_ar_amount + joined.monthly_sales_amount - joined.current_ar_amount'
  ) }} as cei_pct,
  joined.currency
from joined
left join {{ ref('legal_entity') }} as legal_entity on joined.legal_entity_id = legal_entity.legal_entity_id
