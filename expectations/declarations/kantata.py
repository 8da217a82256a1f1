"""Kantata OX: impossible values per object. Money is in whole subunits of the record's currency, time in minutes."""

from __future__ import annotations

from expectations.rules import ObjectRules

_NOT_NEGATIVE = (0, None)
_CURRENCY = ("currency",)
# Subunits of one unit: 1 (yen) to 1000 (dinar).
_BASE_UNIT = (1, 1000)
_OPTIONAL = ObjectRules(may_be_empty=True)

RULES = {
    "field_purposes": _OPTIONAL,
    "currencies": ObjectRules(ranges={"subunit_to_unit": _BASE_UNIT}),
    "users": ObjectRules(required=("email_address",)),
    "account_memberships": ObjectRules(
        ranges={"bill_rate_in_cents": _NOT_NEGATIVE, "cost_rate_in_cents": _NOT_NEGATIVE}, may_be_empty=True
    ),
    "cost_rates": ObjectRules(ranges={"amount_in_subunits": _NOT_NEGATIVE}, currencies=_CURRENCY, may_be_empty=True),
    "workspaces": ObjectRules(required=("title",), ranges={"currency_base_unit": _BASE_UNIT}, currencies=_CURRENCY),
    "external_references": _OPTIONAL,
    "custom_field_values": _OPTIONAL,
    "stories": ObjectRules(ranges={"percentage_complete": (0, 100)}, may_be_empty=True),
    "workspace_resources": _OPTIONAL,
    "workspace_allocations": ObjectRules(ranges={"minutes": _NOT_NEGATIVE}, may_be_empty=True),
    "billing_milestones": ObjectRules(
        required=("amount_in_cents",),
        ranges={"amount_in_cents": _NOT_NEGATIVE},
        currencies=_CURRENCY,
        may_be_empty=True,
    ),
    "estimates": ObjectRules(required=("name",), currencies=_CURRENCY, may_be_empty=True),
    "rate_card_sets": _OPTIONAL,
    "rate_card_set_versions": _OPTIONAL,
    "rate_cards": ObjectRules(currencies=_CURRENCY, may_be_empty=True),
    "rate_card_versions": ObjectRules(ranges={"default_rate": _NOT_NEGATIVE}, may_be_empty=True),
    "rate_card_roles": ObjectRules(ranges={"rate": _NOT_NEGATIVE}, may_be_empty=True),
    "time_entries": ObjectRules(
        required=("date_performed", "time_in_minutes", "workspace_id", "user_id"),
        ranges={
            "time_in_minutes": _NOT_NEGATIVE,
            "rate_in_cents": _NOT_NEGATIVE,
            "cost_rate_in_cents": _NOT_NEGATIVE,
            "currency_base_unit": _BASE_UNIT,
        },
        # One entry is one person's work on one day.
        usual={"time_in_minutes": (None, 24 * 60)},
        currencies=_CURRENCY,
    ),
    "timesheet_submissions": ObjectRules(required=("status",), may_be_empty=True),
}
