{#
  What each detector looked at. A detector is blind where a domain that it needs has no system; what it could not judge
  for another reason (no rate, a stale feed) is counted beside what it did judge. Absence of data is never zero.
#}
{% set domains = domain_entities().keys() | list %}
{% set connected = enabled_systems() | map('first') | unique | list %}
with needs as (
  select
    detector_id,
    subject_type,
    ''
    {% for domain in domains %}
    || max(case when domain = '{{ domain }}' then '{{ domain }};' else '' end)
    {% endfor %} as needed_list,
    ''
    {% for domain in domains if domain not in connected %}
    || max(case when domain = '{{ domain }}' then '{{ domain }};' else '' end)
    {% endfor %} as missing_list
  from {{ ref('detector_inputs') }}
  group by detector_id, subject_type
),

feeds as (
  select
    inputs.detector_id,
    inputs.subject_type,
    -- What was never read is complete through nothing.
    case when count(*) = count(feed.complete_through) then min(feed.complete_through) end as complete_through
  from {{ ref('detector_inputs') }} as inputs
  inner join {{ ref('feed_status') }} as feed on inputs.domain = feed.source_domain
  group by inputs.detector_id, inputs.subject_type
),

subjects as (
  select
    item.item_type as subject_type,
    item.category,
    engagement.legal_entity_id,
    item.service_date as subject_date,
    item.verdict = 'indeterminate' as is_indeterminate,
    false as is_sending_unknown,
    item.entitled_amount,
    item.open_amount,
    item.currency
  from {{ ref('ledger__items') }} as item
  left join {{ ref('engagement') }} as engagement on item.engagement_id = engagement.engagement_id
  union all
  select
    'invoice' as subject_type,
    cast(null as {{ dbt.type_string() }}) as category,
    invoice.legal_entity_id,
    invoice.issue_date as subject_date,
    invoice.net_amount is null as is_indeterminate,
    -- The ledger says neither that it was sent nor that it waits, and no money has come that would tell.
    receivable.open_amount > 0
    and receivable.paid_amount = 0
    and invoice.sent_date is null
    and invoice.rejected_date is null
    and invoice.is_awaiting_sending is null as is_sending_unknown,
    invoice.net_amount as entitled_amount,
    invoice.net_amount as open_amount,
    invoice.currency
  from {{ ref('invoice') }} as invoice
  left join {{ ref('ledger__receivables') }} as receivable on invoice.invoice_id = receivable.invoice_id
  where not invoice.is_deleted and invoice.posted_date <= {{ as_of_date() }}
  union all
  select
    'contract_line' as subject_type,
    cast(null as {{ dbt.type_string() }}) as category,
    engagement.legal_entity_id,
    revenue.period_end_date as subject_date,
    revenue.earned_to_date_amount is null or revenue.recognised_to_date_amount is null as is_indeterminate,
    false as is_sending_unknown,
    revenue.earned_to_date_amount as entitled_amount,
    coalesce(revenue.earned_to_date_amount, revenue.recognised_to_date_amount) as open_amount,
    revenue.currency
  from {{ ref('ledger__revenue') }} as revenue
  left join {{ ref('engagement') }} as engagement on revenue.engagement_id = engagement.engagement_id
),

judged as (
  select
    needs.detector_id,
    detector.category,
    needs.subject_type,
    subject.legal_entity_id,
    cast({{ dbt.date_trunc('month', 'subject.subject_date') }} as date) as period_month,
    subject.currency,
    needs.needed_list,
    needs.missing_list,
    subject.subject_type is not null as is_subject,
    -- What the detector itself reports as impossible to judge, it has looked at.
    (subject.is_indeterminate and coalesce(subject.category <> detector.category, true))
    or (detector.category = 'invoice_stuck' and coalesce(subject.is_sending_unknown, false)) as is_not_checked,
    subject.entitled_amount,
    subject.open_amount
  from needs
  inner join {{ ref('detectors') }} as detector on needs.detector_id = detector.detector_id
  left join subjects as subject on needs.subject_type = subject.subject_type
),

counted as (
  select
    detector_id,
    category,
    subject_type,
    legal_entity_id,
    period_month,
    currency,
    needed_list,
    missing_list,
    sum(case when is_subject and not is_not_checked then 1 else 0 end) as checked_count,
    sum(case when is_subject and not is_not_checked then entitled_amount end) as checked_amount,
    sum(case when is_subject and is_not_checked then 1 else 0 end) as not_checked_count,
    sum(case when is_subject and is_not_checked and open_amount is null then 1 else 0 end) as not_checked_unpriced_count,
    sum(case when is_subject and is_not_checked then open_amount end) as not_checked_amount
  from judged
  group by detector_id, category, subject_type, legal_entity_id, period_month, currency, needed_list, missing_list
)

select
  {{ dbt.hash(
    "counted.detector_id || '|' || counted.subject_type || '|' || coalesce(counted.legal_entity_id, 'none') || '|' || "
    ~ "coalesce(cast(counted.period_month as " ~ dbt.type_string() ~ "), 'none') || '|' || coalesce(counted.currency, 'none')"
  ) }} as coverage_id,
  {{ as_of_date() }} as as_of_date,
  counted.detector_id,
  counted.category,
  counted.subject_type,
  counted.legal_entity_id,
  counted.period_month,
  case
    when counted.missing_list <> '' then 'blind'
    when counted.checked_count + counted.not_checked_count = 0 then 'nothing_to_check'
    when counted.not_checked_count > 0 then 'partly_checked'
    else 'checked'
  end as coverage,
  substr(counted.needed_list, 1, length(counted.needed_list) - 1) as needed_domains,
  case when counted.missing_list <> '' then substr(counted.missing_list, 1, length(counted.missing_list) - 1) end
    as missing_domains,
  feeds.complete_through as feeds_complete_through,
  cast(counted.checked_count as int) as checked_count,
  cast(counted.checked_amount as decimal(18, 4)) as checked_amount,
  cast(counted.not_checked_count as int) as not_checked_count,
  cast(counted.not_checked_unpriced_count as int) as not_checked_unpriced_count,
  cast(counted.not_checked_amount as decimal(18, 4)) as not_checked_amount,
  counted.currency
from counted
left join feeds on counted.detector_id = feeds.detector_id and counted.subject_type = feeds.subject_type
