{#
  A JSON list of {"system", "record_type", "record_id"} from [record type, system column, id column] triples; records
  without an id are left out. A record type with a dot is itself a column. Ids are the vendors' own.
#}
{% macro evidence(records) -%}
  '[' || substr(
    {% for record_type, system, record_id in records -%}
    case
      when {{ record_id }} is not null
        then ',{"system":"' || {{ system }} || '","record_type":"' || {{ record_type if '.' in record_type else "'" ~ record_type ~ "'" }}
          || '","record_id":"' || {{ record_id }} || '"}'
      else ''
    end{{ ' || ' if not loop.last }}
    {%- endfor %}, 2) || ']'
{%- endmacro %}

{# An amount as people read it: two decimals and its currency. #}
{% macro shown(amount, currency) -%}
  cast(cast({{ amount }} as decimal(18, 2)) as {{ dbt.type_string() }}) || ' ' || {{ currency }}
{%- endmacro %}

{# A value in a sentence. #}
{% macro said(expression, unknown="unknown") -%}
  coalesce(cast({{ expression }} as {{ dbt.type_string() }}), '{{ unknown }}')
{%- endmacro %}

{# Causes as people read them. #}
{% macro said_causes(causes) -%}
  replace(replace({{ causes }}, ';', ', '), '_', ' ')
{%- endmacro %}

{#
  Findings of one category whose money the ledger's claims have decided: evidence, owner and the action sentence are
  added, the amount never changes. Arguments: the category, the action as an SQL expression over claim and context, and, where
  they need it, what the finding concerns beside its own amount and a join for it.
#}
{% macro claim_findings(category, action, exposed_amount='null', joined='') %}
  select
    {{ dbt.hash("detector.detector_id || '|' || claim.item_id") }} as finding_id,
    detector.detector_id,
    claim.category,
    claim.verdict,
    claim.item_type as subject_type,
    claim.source_system as subject_system,
    claim.source_id as subject_source_id,
    claim.item_id as subject_id,
    context.engagement_id,
    context.contract_line_id,
    context.customer_id,
    context.project_id,
    context.legal_entity_id,
    context.customer_name,
    context.contract_line_name,
    context.project_name,
    claim.amount,
    claim.currency,
    cast({{ exposed_amount }} as decimal(18, 4)) as exposed_amount,
    {{ money(quotient('cast(claim.amount as decimal(20, 4)) * cast(context.carry_rate as decimal(9, 6)) * greatest(claim.days_past, 0)', '36500')) }} as carry_cost_amount,
    detector.owner,
    {{ action }} as action,
    claim.reason,
    claim.causes,
    context.evidence,
    context.expected_invoice_date as expected_date,
    context.service_date as occurred_date,
    claim.days_past,
    claim.recovery_deadline
  from {{ ref('ledger__item_claims') }} as claim
  inner join {{ ref('detectors') }} as detector on claim.category = detector.category
  inner join {{ ref('leakage__item_context') }} as context on claim.item_id = context.item_id
  {{ joined }}
  where
    claim.category = '{{ category }}'
    and claim.verdict in ('at_risk', 'confirmed_loss'{{ ", 'indeterminate'" if category == 'missing_rate' }})
{% endmacro %}

{# The detector models whose findings make the register: one model per detector, one contract for all. #}
{% macro detector_models() %}
  {{ return([
    'l01_unbilled_approved_time', 'l02_unapproved_time', 'l03_missing_time', 'l04_phantom_billed',
    'l05_missing_rate', 'l06_billing_hold_stale', 'l07_expense_unrebilled', 'l08_expense_late', 'l09_rebill_under',
    'l10_expense_rejected_lost', 'l11_supplier_passthrough', 'l12_rate_variance_under', 'l13_rate_variance_over',
    'l14_rate_uplift_missed', 'l15_discount_or_tier_error', 'l16_milestone_unbilled', 'l17_change_order_gap',
    'l18_unapproved_scope', 'l19_fixed_fee_overrun', 'l20_contract_value_drift', 'l21_dispute_open',
    'l22_credit_not_rebilled', 'l23_write_off_unapproved', 'l24_invoice_stuck', 'l25_invoice_delay',
    'l26_project_setup_late', 'l27_duplicate_project', 'l28_duplicate_billing', 'l29_retainer_overage_unbilled',
    'l30_retainer_expired_unrecognised', 'l31_cap_reached', 'l32_min_commitment_shortfall',
    'l33_retainage_unreleased', 'l34_intercompany_gap', 'l35_fx_difference', 'l36_tax_difference',
    'l37_closed_project_wip', 'l38_sync_failure', 'l39_unexplained_writedown', 'l40_late_fee_unbilled',
    'l41_shortpay_unexplained', 'r01_revrec_under', 'r02_revrec_over', 'r03_revrec_period', 'r04_revrec_billing',
    'r05_position_mismatch', 'r06_wip_not_reversed', 'r07_schedule_missing', 'r08_modification_not_reflected',
    'r09_loss_provision_missing'
  ]) }}
{% endmacro %}

{#
  Findings of one category of overbilling: money billed above the agreed value of the billed quantity. Arguments: the
  category and the condition on the quantities of item that tells a wrong price from too much quantity.
#}
{% macro overbilling_findings(category, quantity) %}
  select
    {{ dbt.hash("detector.detector_id || '|' || item.item_id") }} as finding_id,
    detector.detector_id,
    detector.category,
    'overbilling' as verdict,
    item.item_type as subject_type,
    item.source_system as subject_system,
    item.source_id as subject_source_id,
    item.item_id as subject_id,
    context.engagement_id,
    context.contract_line_id,
    context.customer_id,
    context.project_id,
    context.legal_entity_id,
    context.customer_name,
    context.contract_line_name,
    context.project_name,
    item.overbilled_amount as amount,
    item.currency,
    cast(null as decimal(18, 4)) as exposed_amount,
    cast(null as decimal(18, 4)) as carry_cost_amount,
    detector.owner,
    'Credit ' || {{ shown('item.overbilled_amount', 'item.currency') }} || ' to ' || context.customer_name
    || ' before the customer claims it; billed ' || {{ shown('item.billed_amount', 'item.currency') }}
    || case
      when stands_for.item_id is not null then ', the same work as ' || stands_for.source_id || ' that was entered twice.'
      else ', agreed ' || {{ shown('item.entitled_amount', 'item.currency') }} || '.'
    end as action,
    case when stands_for.item_id is not null then 'entered_twice' end as reason,
    item.causes,
    context.evidence,
    item.expected_invoice_date as expected_date,
    item.service_date as occurred_date,
    item.days_past,
    cast(null as date) as recovery_deadline
  from {{ ref('ledger__items') }} as item
  inner join {{ ref('detectors') }} as detector on detector.category = '{{ category }}'
  inner join {{ ref('leakage__item_context') }} as context on item.item_id = context.item_id
  inner join {{ ref('ledger__open_items') }} as open_item on item.item_id = open_item.item_id
  left join {{ ref('ledger__items') }} as stands_for on open_item.repeats_item_id = stands_for.item_id
  where
    item.verdict <> 'not_yet_due'
    and item.overbilled_amount > open_item.tolerance_amount
    -- Without the price or a currency rate nobody can say that too much was billed; a stale feed does not matter here.
    and coalesce(open_item.not_judged_reason, 'stale_source') in ('stale_source', 'no_billing_feed', 'unexplained_billing')
    and {{ quantity }}
{% endmacro %}

{#
  The hours that a claim on an item of time is about: its share of the item's hours, or its money at the rate where that is
  given; all of them where neither is known.
#}
{% macro claimed_hours(rate=none) %}
  {{- return(
    'coalesce(cast(round('
    ~ (
      quotient('cast(claim.amount as decimal(20, 4))', 'nullif(' ~ rate ~ ', 0)') if rate
      else quotient(
        'cast(claim.amount as decimal(20, 4)) * cast(context.quantity as decimal(12, 4))', 'nullif(context.entitled_amount, 0)'
      )
    )
    ~ ', 2) as decimal(9, 2)), cast(context.quantity as decimal(9, 2)))'
  ) -}}
{% endmacro %}
