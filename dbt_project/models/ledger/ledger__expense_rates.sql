-- By which rate each expense in another currency than its contract line's is rebilled (domain.md L07).
with applicable as (
  select
    expense.expense_item_id,
    expense.expense_date,
    {{ come_by_as_of('cast(expense.reimbursed_at as date)') }} as reimbursed_date,
    expense.currency as from_currency,
    line.currency as to_currency,
    policy.fx_basis,
    row_number() over (
      partition by expense.expense_item_id
      order by
        ({{ scope_rank('policy') }}) asc nulls last,
        policy.valid_from desc nulls last,
        policy.fx_basis asc nulls last
    ) as preference
  from {{ ref('expense_item') }} as expense
  inner join {{ ref('contract_line') }} as line
    on expense.contract_line_id = line.contract_line_id and expense.currency <> line.currency
  inner join {{ ref('expense_fx_policies') }} as policy
    on
      policy.valid_from <= expense.expense_date
      and (policy.valid_to is null or policy.valid_to > expense.expense_date)
      and {{ is_in_scope('policy', 'line') }}
  where not expense.is_deleted
),

based as (
  select
    expense_item_id,
    from_currency,
    to_currency,
    fx_basis,
    case when fx_basis = 'month_average' then 'month_avg' else 'spot' end as rate_type,
    cast({{ dbt.date_trunc('month', 'expense_date') }} as date) as month_start_date,
    -- Until a person is paid back, what the firm will pay is known at today's rate alone.
    case
      when fx_basis = 'reimbursement_date' then coalesce(reimbursed_date, {{ as_of_date() }})
      else expense_date
    end as calendar_date
  from applicable
  where preference = 1
)

select
  based.expense_item_id,
  based.fx_basis,
  based.rate_type,
  coalesce(daily.rate_date, monthly.rate_date) as rate_date,
  coalesce(daily.rate, monthly.rate) as rate,
  coalesce(daily.is_inverse, monthly.is_inverse) as is_inverse
from based
left join {{ ref('ledger__fx_daily') }} as daily
  on
    based.rate_type = 'spot'
    and based.from_currency = daily.from_currency
    and based.to_currency = daily.to_currency
    and based.calendar_date = daily.calendar_date
left join {{ ref('ledger__fx_monthly') }} as monthly
  on
    based.rate_type = 'month_avg'
    and based.from_currency = monthly.from_currency
    and based.to_currency = monthly.to_currency
    and based.month_start_date = monthly.month_start_date
where coalesce(daily.rate, monthly.rate) is not null
