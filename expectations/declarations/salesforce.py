"""Salesforce: impossible values per object. Percentages are in percent, money in the record's currency."""

from __future__ import annotations

from decimal import Decimal

from expectations.rules import ObjectRules

_PERCENT = (0, 100)
_CURRENCY = ("currency_iso_code",)
_NOT_NEGATIVE = (0, None)

RULES = {
    "opportunity_stage": ObjectRules(required=("api_name",)),
    "account": ObjectRules(required=("name",), currencies=_CURRENCY, ranges={"payment_terms_days_c": (0, 365)}),
    "opportunity": ObjectRules(
        required=("stage_name",), currencies=_CURRENCY, ranges={"probability": _PERCENT}, may_be_empty=True
    ),
    "opportunity_history": ObjectRules(currencies=_CURRENCY, ranges={"probability": _PERCENT}, may_be_empty=True),
    "contract": ObjectRules(
        required=("account_id", "status"), currencies=_CURRENCY, ranges={"cap_amount_c": _NOT_NEGATIVE}
    ),
    "sow_line": ObjectRules(
        required=("contract_c",),
        currencies=_CURRENCY,
        ranges={
            "amount_c": _NOT_NEGATIVE,
            "cap_amount_c": _NOT_NEGATIVE,
            "discount_c": _PERCENT,
            "passthrough_markup_c": (0, 1000),
            "expense_markup_c": (0, 1000),
            "expense_cap_c": _NOT_NEGATIVE,
            "uplift_c": _PERCENT,
            "minimum_commitment_c": _NOT_NEGATIVE,
            "retainage_c": _PERCENT,
            "overage_rate_c": _NOT_NEGATIVE,
            "late_fee_c": _PERCENT,
            "estimated_hours_c": _NOT_NEGATIVE,
        },
    ),
    "rate_card": ObjectRules(currencies=_CURRENCY),
    "rate_card_line": ObjectRules(
        required=("rate_card_c", "hourly_rate_c"),
        ranges={"hourly_rate_c": (0, Decimal(1_000_000))},
        currencies=_CURRENCY,
    ),
    # An amendment may reduce a contract, so its amounts have no lower bound.
    "change_order": ObjectRules(required=("contract_c", "status_c"), currencies=_CURRENCY, may_be_empty=True),
}
