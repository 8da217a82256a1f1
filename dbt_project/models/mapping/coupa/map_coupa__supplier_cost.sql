{# Percentages within this distance of 100 are a full allocation: three thirds are entered as 99.99. #}
{%- set rounding_gap = '0.05' -%}

with approvals as (
  select
    invoice_id,
    max(approved_at) as approved_at
  from {{ ref('stg_coupa__invoice_approvals') }}
  where status = 'approved' and not is_deleted
  group by invoice_id
),

invoices as (
  select
    invoices.invoice_id,
    invoices.invoice_number,
    case
      when invoices.is_credit_note or invoices.document_type = 'Credit Note' then 'credit_note'
      when invoices.document_type = 'Invoice' then 'invoice'
      else 'unknown'
    end as document_type,
    invoices.supplier_id,
    invoices.supplier_name,
    invoices.currency,
    case
      when invoices.is_canceled or invoices.status in ('voided', 'abandoned', 'invalid') then 'voided'
      when invoices.status in ('new', 'draft') then 'draft'
      when invoices.status in (
        'pending_approval', 'pending_receipt', 'pending_action', 'on_hold', 'ap_hold', 'booking_hold', 'processing'
      ) then 'pending'
      when invoices.status = 'approved' then 'approved'
      -- A rejected invoice waits for correction like a disputed one; it is neither payable nor void.
      when invoices.status in ('disputed', 'rejected') then 'disputed'
      else 'unknown'
    end as status,
    coalesce(approvals.approved_at, invoices.updated_at) as approved_at,
    invoices.updated_at,
    invoices.is_deleted
  from {{ ref('stg_coupa__invoices') }} as invoices
  left join approvals
    on invoices.invoice_id = approvals.invoice_id
),

orders as (
  select
    purchase_order_id,
    purchase_order_number,
    supplier_id,
    supplier_name,
    currency,
    case
      when status = 'draft' then 'draft'
      when status in ('buyer_hold', 'currency_hold', 'supplier_hold', 'supplier_window_hold', 'error') then 'pending'
      when status in ('issued', 'exported', 'expensed', 'closed', 'soft_closed') then 'approved'
      when status in ('cancelled', 'canceled') then 'voided'
      else 'unknown'
    end as status,
    created_at,
    updated_at,
    is_deleted
  from {{ ref('stg_coupa__purchase_orders') }}
),

lines as (
  select
    invoice_lines.invoice_line_id as line_key,
    invoice_lines.invoice_id as document_source_id,
    coalesce(invoices.document_type, 'unknown') as document_type,
    invoices.invoice_number as document_number,
    invoices.supplier_id,
    invoices.supplier_name,
    invoice_lines.project_code,
    invoice_lines.description,
    -- Credit notes are negative, however the supplier wrote them.
    case
      when invoices.document_type = 'credit_note' then -abs(invoice_lines.total_amount) else invoice_lines.total_amount
    end as net_amount,
    invoices.currency,
    invoice_lines.is_billable,
    coalesce(invoices.status, 'unknown') as status,
    case when invoices.status = 'approved' then invoices.approved_at end as approved_at,
    invoice_lines.service_from_date,
    invoice_lines.service_to_date,
    coalesce(invoices.updated_at, invoice_lines.updated_at) as updated_at,
    invoice_lines.is_deleted or coalesce(invoices.is_deleted, false) as is_deleted
  from {{ ref('stg_coupa__invoice_lines') }} as invoice_lines
  left join invoices
    on invoice_lines.invoice_id = invoices.invoice_id

  union all

  select
    'po/' || order_lines.purchase_order_line_id as line_key,
    order_lines.purchase_order_id as document_source_id,
    'purchase_order' as document_type,
    orders.purchase_order_number as document_number,
    orders.supplier_id,
    orders.supplier_name,
    order_lines.project_code,
    order_lines.description,
    order_lines.total_amount as net_amount,
    orders.currency,
    order_lines.is_billable,
    coalesce(orders.status, 'unknown') as status,
    case when orders.status = 'approved' then orders.created_at end as approved_at,
    cast(null as date) as service_from_date,
    cast(null as date) as service_to_date,
    coalesce(orders.updated_at, order_lines.updated_at) as updated_at,
    order_lines.is_deleted or coalesce(orders.is_deleted, false) as is_deleted
  from {{ ref('stg_coupa__purchase_order_lines') }} as order_lines
  left join orders
    on order_lines.purchase_order_id = orders.purchase_order_id
),

line_allocations as (
  select
    invoice_line_id as line_key,
    allocation_id,
    project_code,
    percentage,
    is_deleted
  from {{ ref('stg_coupa__invoice_allocations') }}

  union all

  select
    'po/' || purchase_order_line_id as line_key,
    allocation_id,
    project_code,
    percentage,
    is_deleted
  from {{ ref('stg_coupa__purchase_order_allocations') }}
),

allocations as (
  select
    lines.line_key,
    line_allocations.allocation_id,
    coalesce(line_allocations.project_code, lines.project_code) as project_code,
    count(*) over (partition by lines.line_key) as allocation_count,
    sum(line_allocations.percentage) over (partition by lines.line_key) as total_percentage,
    sum(line_allocations.percentage) over (
      partition by lines.line_key order by line_allocations.allocation_id asc nulls last
      rows between unbounded preceding and current row
    ) as percentage_so_far,
    row_number() over (partition by lines.line_key order by line_allocations.allocation_id desc nulls last)
      as place_from_end
  from lines
  inner join line_allocations
    on lines.line_key = line_allocations.line_key
  where
    line_allocations.percentage > 0
    -- The allocations of a deleted line are gone with it; its rows keep the split they had.
    and (lines.is_deleted or not line_allocations.is_deleted)
),

slices as (
  select
    line_key,
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
    line_key,
    case when allocation_count > 1 or end_percentage < 100 then allocation_id end as share_id,
    project_code,
    coalesce(lag(end_percentage) over (partition by line_key order by allocation_id asc nulls last), 0)
      as start_percentage,
    end_percentage
  from slices

  union all

  -- What the allocations leave over.
  select
    lines.line_key,
    'unallocated' as share_id,
    lines.project_code,
    allocated.total_percentage as start_percentage,
    100 as end_percentage
  from lines
  inner join (
    select
      line_key,
      max(total_percentage) as total_percentage
    from slices
    group by line_key
  ) as allocated
    on lines.line_key = allocated.line_key
  where allocated.total_percentage < 100 - {{ rounding_gap }}

  union all

  select
    lines.line_key,
    cast(null as {{ dbt.type_string() }}) as share_id,
    lines.project_code,
    0 as start_percentage,
    100 as end_percentage
  from lines
  left join slices
    on lines.line_key = slices.line_key
  where slices.line_key is null
)

select
  lines.line_key || coalesce('/' || shares.share_id, '') as source_id,
  lines.updated_at as source_updated_at,
  lines.is_deleted,
  lines.document_source_id,
  lines.document_type,
  lines.document_number,
  coalesce(suppliers.supplier_name, lines.supplier_name) as supplier_name,
  shares.project_code as project_ref,
  lines.description,
  {{ amount_slice('lines.net_amount', 'shares.start_percentage', 'shares.end_percentage') }} as net_amount,
  lines.currency,
  coalesce(lines.is_billable, false) as is_billable,
  lines.status,
  lines.approved_at,
  lines.service_from_date,
  lines.service_to_date
from lines
inner join shares
  on lines.line_key = shares.line_key
left join {{ ref('stg_coupa__suppliers') }} as suppliers
  on lines.supplier_id = suppliers.supplier_id
