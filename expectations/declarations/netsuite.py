"""Oracle NetSuite: impossible values per object. Amounts of lines are debit-positive, so they have no sign to check."""

from __future__ import annotations

from decimal import Decimal

from expectations.rules import ObjectRules

_OPTIONAL = ObjectRules(may_be_empty=True)
# One unit of a currency is worth between a millionth and a million of another.
_FX = (Decimal("0.000001"), Decimal(1_000_000))

RULES = {
    "subsidiary": ObjectRules(required=("currency",)),
    "currency": ObjectRules(required=("symbol",), currencies=("symbol",)),
    "term": _OPTIONAL,
    "accountingperiod": ObjectRules(required=("startdate", "enddate"), may_be_empty=True),
    "accountingbook": _OPTIONAL,
    "billingschedule": _OPTIONAL,
    "currencyrate": ObjectRules(
        required=("exchangerate", "effectivedate"), ranges={"exchangerate": _FX}, may_be_empty=True
    ),
    "averagerate": ObjectRules(required=("rate",), ranges={"rate": _FX}, may_be_empty=True),
    "customer": ObjectRules(required=("entityid",)),
    "job": _OPTIONAL,
    "transaction": ObjectRules(required=("type", "trandate", "currency")),
    "transactionline": ObjectRules(required=("transaction",)),
    "nexttransactionlinelink": _OPTIONAL,
    "timebill": ObjectRules(ranges={"hours": (0, None)}, usual={"hours": (None, 24)}, may_be_empty=True),
    "charge": _OPTIONAL,
    "revenueelement": _OPTIONAL,
    "revenueplan": _OPTIONAL,
    "revenueplanplannedrevenue": _OPTIONAL,
    "item": ObjectRules(required=("itemid",), may_be_empty=True),
    "changeorder": ObjectRules(required=("amount", "currency"), may_be_empty=True),
    "dispute": ObjectRules(required=("invoice", "amount", "opened"), ranges={"amount": (0, None)}, may_be_empty=True),
    "contractbalance": ObjectRules(required=("period", "currency"), may_be_empty=True),
    "integrationlog": ObjectRules(required=("record_type", "status", "occurred"), may_be_empty=True),
}
