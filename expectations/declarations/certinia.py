"""Certinia PSA: impossible values per object. Money and rates are in the record's currency, time in decimal hours."""

from __future__ import annotations

from expectations.rules import ObjectRules

_CURRENCY = ("currency_iso_code",)
_NOT_NEGATIVE = (0, None)
_OPTIONAL = ObjectRules(may_be_empty=True)
_DAY = (None, 24)
_HOURS = ("exact_hours_c", "billable_hours_c", "submitted_billable_hours_c")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

RULES = {
    "organization": ObjectRules(currencies=("default_currency_iso_code",)),
    "user": ObjectRules(required=("name",)),
    "account": ObjectRules(required=("name",), currencies=_CURRENCY, may_be_empty=True),
    "contact": ObjectRules(
        required=("email",), ranges={"pse_default_cost_rate_c": _NOT_NEGATIVE}, currencies=_CURRENCY
    ),
    "practice": ObjectRules(required=("name",), may_be_empty=True),
    "project": ObjectRules(required=("name",), currencies=_CURRENCY),
    "schedule": ObjectRules(ranges={"pse_scheduled_hours_c": _NOT_NEGATIVE}, may_be_empty=True),
    "assignment": ObjectRules(
        required=("pse_project_c", "pse_resource_c"), ranges={"pse_bill_rate_c": _NOT_NEGATIVE}, may_be_empty=True
    ),
    "milestone": ObjectRules(
        required=("pse_milestone_amount_c",),
        ranges={"pse_milestone_amount_c": _NOT_NEGATIVE},
        currencies=_CURRENCY,
        may_be_empty=True,
    ),
    "budget": ObjectRules(
        required=("pse_type_c", "pse_status_c", "pse_amount_c"),
        # The package takes no negative amount; a reduction is in the firm's own field.
        ranges={"pse_amount_c": _NOT_NEGATIVE},
        currencies=_CURRENCY,
        may_be_empty=True,
    ),
    "retainer": ObjectRules(
        required=("crm_contract_line_id_c", "valid_from_c", "prepaid_hours_c", "amount_c"),
        ranges={"prepaid_hours_c": _NOT_NEGATIVE, "amount_c": _NOT_NEGATIVE},
        currencies=_CURRENCY,
        may_be_empty=True,
    ),
    "progress_report": ObjectRules(
        required=("reported_on_c", "completed_percent_c"), ranges={"completed_percent_c": (0, 100)}, may_be_empty=True
    ),
    "rate_card_set": ObjectRules(currencies=_CURRENCY, may_be_empty=True),
    "rate_card": ObjectRules(
        required=("pse_suggested_bill_rate_c",),
        ranges={"pse_suggested_bill_rate_c": _NOT_NEGATIVE},
        currencies=_CURRENCY,
        may_be_empty=True,
    ),
    "rate_card_set_junction": _OPTIONAL,
    "timecard": ObjectRules(
        required=("pse_project_c", "pse_resource_c", "pse_start_date_c", "pse_status_c"),
        ranges={f"pse_{day}_hours_c": _NOT_NEGATIVE for day in _WEEKDAYS} | {"pse_bill_rate_c": _NOT_NEGATIVE},
        # One field is one person's work on one day.
        usual={f"pse_{day}_hours_c": _DAY for day in _WEEKDAYS},
        currencies=_CURRENCY,
    ),
    "time_date": ObjectRules(
        required=("pse_timecard_c", "pse_date_c"),
        ranges=dict.fromkeys(_HOURS, _NOT_NEGATIVE),
        usual=dict.fromkeys(_HOURS, _DAY),
        may_be_empty=True,
    ),
    "timecard_split": ObjectRules(required=("pse_timecard_header_c",), currencies=_CURRENCY, may_be_empty=True),
}
