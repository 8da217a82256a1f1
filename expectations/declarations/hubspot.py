"""HubSpot: impossible values per object. Percentages are in percent, money in the record's currency."""

from __future__ import annotations

from decimal import Decimal

from expectations.rules import ObjectRules

_PERCENT = (0, 100)
_CURRENCY = ("properties__currency_code",)
_NOT_NEGATIVE = (0, None)

RULES = {
    "account": ObjectRules(required=("company_currency",), currencies=("company_currency",)),
    "deal_stage": ObjectRules(required=("label",), ranges={"metadata__probability": (0, 1)}),
    "company": ObjectRules(
        required=("properties__name",),
        currencies=_CURRENCY,
        ranges={"properties__payment_terms_days": (0, 365)},
    ),
    "company_alias": ObjectRules(required=("company_id",), may_be_empty=True),
    "deal": ObjectRules(
        required=("properties__dealstage",), currencies=("properties__deal_currency_code",), may_be_empty=True
    ),
    "deal_stage_history": ObjectRules(may_be_empty=True),
    "statement_of_work": ObjectRules(
        required=("properties__sow_status",), currencies=_CURRENCY, ranges={"properties__cap_amount": _NOT_NEGATIVE}
    ),
    "sow_line": ObjectRules(
        required=("properties__billing_method",),
        currencies=_CURRENCY,
        ranges={
            "properties__amount": _NOT_NEGATIVE,
            "properties__cap_amount": _NOT_NEGATIVE,
            "properties__discount_percent": _PERCENT,
            "properties__passthrough_markup_percent": (0, 1000),
            "properties__expense_markup_percent": (0, 1000),
            "properties__expense_cap_amount": _NOT_NEGATIVE,
            "properties__uplift_percent": _PERCENT,
            "properties__minimum_commitment": _NOT_NEGATIVE,
            "properties__retainage_percent": _PERCENT,
            "properties__overage_rate": _NOT_NEGATIVE,
            "properties__late_fee_percent": _PERCENT,
            "properties__estimated_hours": _NOT_NEGATIVE,
        },
    ),
    "rate_card": ObjectRules(required=("properties__scope",), currencies=_CURRENCY),
    "rate_card_line": ObjectRules(
        required=("properties__hourly_rate",),
        ranges={"properties__hourly_rate": (0, Decimal(1_000_000))},
    ),
    # An amendment may reduce a contract, so its amounts have no lower bound.
    "change_order": ObjectRules(required=("properties__co_status",), currencies=_CURRENCY, may_be_empty=True),
}
