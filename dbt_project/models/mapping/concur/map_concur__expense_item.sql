{# Allocated percentages within this distance of 100 are a full allocation: three thirds are entered as 99.99. #}
{%- set rounding_gap = '0.05' -%}

with itemizations_per_entry as (
  select
    entry_id,
    sum(case when is_deleted then 0 else 1 end) as living_itemizations
  from {{ ref('stg_concur__itemizations') }}
  group by entry_id
),

-- An itemized entry repeats the amounts of its itemizations: only those count.
leaves as (
  select
    entries.entry_id as leaf_id,
    entries.report_id,
    entries.owner_login,
    entries.expense_type_name,
    entries.transaction_date,
    entries.transaction_amount,
    entries.transaction_currency,
    entries.is_billable,
    entries.is_personal,
    entries.merchant,
    entries.project_code,
    entries.tax_amount,
    entries.recoverable_tax_amount,
    entries.receipt_ref,
    entries.updated_at,
    entries.is_deleted
  from {{ ref('stg_concur__entries') }} as entries
  left join itemizations_per_entry as itemized
    on entries.entry_id = itemized.entry_id
  where
    itemized.entry_id is null
    or (itemized.living_itemizations = 0 and not coalesce(entries.has_itemizations, false))

  union all

  select
    itemizations.itemization_id as leaf_id,
    itemizations.report_id,
    coalesce(itemizations.owner_login, entries.owner_login) as owner_login,
    itemizations.expense_type_name,
    itemizations.transaction_date,
    itemizations.transaction_amount,
    -- Currency and merchant are said of the entry alone.
    entries.transaction_currency,
    itemizations.is_billable,
    coalesce(entries.is_personal, false) or coalesce(itemizations.is_personal, false) as is_personal,
    entries.merchant,
    coalesce(itemizations.project_code, entries.project_code) as project_code,
    itemizations.tax_amount,
    itemizations.recoverable_tax_amount,
    coalesce(itemizations.receipt_ref, entries.receipt_ref) as receipt_ref,
    itemizations.updated_at,
    itemizations.is_deleted or coalesce(entries.is_deleted, false) as is_deleted
  from {{ ref('stg_concur__itemizations') }} as itemizations
  left join {{ ref('stg_concur__entries') }} as entries
    on itemizations.entry_id = entries.entry_id
),

-- What Concur allocated itself (hidden) carries no decision of a person: it stays with the entry's own project.
allocations as (
  select
    leaves.leaf_id,
    allocations.allocation_id,
    coalesce(allocations.project_code, leaves.project_code) as project_code,
    count(*) over (partition by leaves.leaf_id) as allocation_count,
    sum(allocations.percentage) over (partition by leaves.leaf_id) as total_percentage,
    sum(allocations.percentage) over (
      partition by leaves.leaf_id order by allocations.allocation_id asc nulls last
      rows between unbounded preceding and current row
    ) as percentage_so_far,
    row_number() over (partition by leaves.leaf_id order by allocations.allocation_id desc nulls last) as place_from_end
  from leaves
  inner join {{ ref('stg_concur__allocations') }} as allocations
    on leaves.leaf_id = allocations.entry_id
  where
    not allocations.is_hidden
    and allocations.percentage > 0
    -- The allocations of a deleted entry are gone with it; its rows keep the split they had.
    and (leaves.is_deleted or not allocations.is_deleted)
),

slices as (
  select
    leaf_id,
    allocation_id,
    project_code,
    allocation_count,
    total_percentage,
    case
      when place_from_end = 1 and total_percentage >= 100 - {{ rounding_gap }} then 100
      when percentage_so_far >= 100 then 100
      else percentage_so_far
    end as end_percentage
  from allocations
),

shares as (
  select
    leaf_id,
    case when allocation_count > 1 or end_percentage < 100 then allocation_id end as share_id,
    project_code,
    coalesce(lag(end_percentage) over (partition by leaf_id order by allocation_id asc nulls last), 0) as start_percentage,
    end_percentage
  from slices

  union all

  -- The part of a partly allocated entry that nobody allocated.
  select
    leaves.leaf_id,
    'unallocated' as share_id,
    leaves.project_code,
    allocated.total_percentage as start_percentage,
    100 as end_percentage
  from leaves
  inner join (
    select
      leaf_id,
      max(total_percentage) as total_percentage
    from slices
    group by leaf_id
  ) as allocated
    on leaves.leaf_id = allocated.leaf_id
  where allocated.total_percentage < 100 - {{ rounding_gap }}

  union all

  select
    leaves.leaf_id,
    cast(null as {{ dbt.type_string() }}) as share_id,
    leaves.project_code,
    0 as start_percentage,
    100 as end_percentage
  from leaves
  left join slices
    on leaves.leaf_id = slices.leaf_id
  where slices.leaf_id is null
),

reports as (
  select
    report_id,
    submitted_at,
    processing_payment_at,
    paid_at,
    sent_back_at,
    sent_back_reason,
    last_comment,
    updated_at,
    is_deleted,
    case
      when payment_status_code in ('P_PROC', 'P_PAYC', 'P_PAID') or approval_status_code = 'A_APPR' then 'approved'
      when approval_status_code = 'A_NOTF' then 'draft'
      when approval_status_code in (
        'A_FILE', 'A_PEND', 'A_ACCO', 'A_EXTV', 'A_PBDG', 'A_PECO', 'A_PVAL', 'A_RHLD', 'A_TEXP', 'A_AAFH'
      ) then 'submitted'
      -- The same code says "sent back" and "recalled by its owner"; only the former was an approver's refusal.
      when approval_status_code = 'A_RESU' and was_sent_back then 'rejected'
      when approval_status_code = 'A_RESU' then 'draft'
      else 'unknown'
    end as status
  from {{ ref('stg_concur__reports') }}
)

select
  leaves.leaf_id || coalesce('/' || shares.share_id, '') as source_id,
  case
    when reports.updated_at > leaves.updated_at or leaves.updated_at is null then reports.updated_at
    else leaves.updated_at
  end as source_updated_at,
  leaves.is_deleted or coalesce(reports.is_deleted, false) as is_deleted,
  leaves.report_id as report_source_id,
  shares.project_code as project_ref,
  coalesce(users.email, lower(leaves.owner_login)) as resource_ref,
  leaves.expense_type_name as category,
  leaves.transaction_date as expense_date,
  {{ amount_slice('leaves.transaction_amount', 'shares.start_percentage', 'shares.end_percentage') }} as amount,
  leaves.transaction_currency as currency,
  {{ amount_slice('coalesce(leaves.tax_amount, 0)', 'shares.start_percentage', 'shares.end_percentage') }} as tax_amount,
  {{ amount_slice('coalesce(leaves.recoverable_tax_amount, 0)', 'shares.start_percentage', 'shares.end_percentage') }}
    as recoverable_tax_amount,
  coalesce(leaves.is_billable, false) and not coalesce(leaves.is_personal, false) as is_billable,
  coalesce(reports.status, 'unknown') as status,
  reports.submitted_at,
  case when reports.status = 'approved' then coalesce(reports.processing_payment_at, reports.updated_at) end as approved_at,
  leaves.merchant,
  leaves.receipt_ref,
  -- While a report is sent back, that is the last thing that happened to it, and the last comment says why.
  coalesce(reports.sent_back_at, case when reports.status = 'rejected' then reports.updated_at end) as rejected_at,
  coalesce(reports.sent_back_reason, case when reports.status = 'rejected' then reports.last_comment end) as rejection_reason,
  reports.paid_at as reimbursed_at
from leaves
inner join shares
  on leaves.leaf_id = shares.leaf_id
left join reports
  on leaves.report_id = reports.report_id
left join {{ ref('stg_concur__users') }} as users
  on leaves.owner_login = users.login
