with expected as (
  select
    invoice.*,
    {{ money(percent_of('cast(invoice.net_amount as decimal(19, 4))', 'rate.tax_pct')) }} as expected_tax_amount,
    row_number() over (
      partition by invoice.invoice_id
      order by rate.buyer_country asc nulls last, rate.valid_from desc nulls last, rate.tax_pct desc nulls last
    ) as preference
  from {{ ref('ledger__receivables') }} as invoice
  inner join {{ ref('legal_entity') }} as seller on invoice.legal_entity_id = seller.legal_entity_id
  inner join {{ ref('customer') }} as buyer on invoice.customer_id = buyer.customer_id
  inner join {{ ref('tax_rates') }} as rate
    on
      seller.country = rate.seller_country
      and (buyer.country = rate.buyer_country or (rate.buyer_country is null and buyer.country <> rate.seller_country))
      and rate.valid_from <= invoice.posted_date
      and (rate.valid_to is null or rate.valid_to > invoice.posted_date)
),

found as (
  select
    invoice.invoice_id as subject_key,
    'control_gap' as verdict,
    'invoice' as subject_type,
    invoice.source_system as subject_system,
    invoice.source_id as subject_source_id,
    invoice.invoice_id as subject_id,
    invoice.engagement_id,
    invoice.contract_line_id,
    invoice.customer_id,
    invoice.project_id,
    invoice.legal_entity_id,
    invoice.currency,
    cast(0 as decimal(18, 4)) as amount,
    abs(invoice.expected_tax_amount - invoice.tax_amount) as exposed_amount,
    'Check the tax on invoice ' || coalesce(invoice.invoice_number, invoice.source_id) || ': '
    || {{ shown('invoice.tax_amount', 'invoice.currency') }} || ' was charged, '
    || {{ shown('invoice.expected_tax_amount', 'invoice.currency') }} || ' is expected.' as action,
    case when invoice.tax_amount < invoice.expected_tax_amount then 'under_charged' else 'over_charged' end as reason,
    {{ evidence([
      ['contract_line', 'line.source_system', 'line.source_id'],
      ['invoice', 'invoice.source_system', 'invoice.source_id']
    ]) }} as evidence,
    invoice.posted_date as expected_date,
    invoice.posted_date as occurred_date,
    cast(0 as int) as days_past
  from expected as invoice
  left join {{ ref('contract_line') }} as line on invoice.contract_line_id = line.contract_line_id
  -- Tax is rounded line by line: a cent per line is no difference.
  where invoice.preference = 1 and abs(invoice.expected_tax_amount - invoice.tax_amount) > 1
)

{{ detector_findings('tax_difference', ['subject_type', 'subject_system', 'subject_source_id', 'subject_id',
  'engagement_id', 'contract_line_id', 'customer_id', 'project_id', 'legal_entity_id', 'amount', 'currency',
  'exposed_amount', 'action', 'reason', 'evidence', 'expected_date', 'occurred_date', 'days_past']) }}
