"""Dynamics 365: impossible values per object. Amounts are negative on corrections, so they have no sign to check."""

from __future__ import annotations

from decimal import Decimal

from expectations.rules import ObjectRules

_OPTIONAL = ObjectRules(may_be_empty=True)
# One unit of a currency, or ten thousand of it, is worth between a millionth and ten thousand million of another.
_FX = (Decimal("0.000001"), Decimal(10_000_000_000))

RULES = {
    "transactioncurrency": ObjectRules(required=("isocurrencycode",), currencies=("isocurrencycode",)),
    "account": ObjectRules(required=("accountnumber",)),
    "msdyn_project": _OPTIONAL,
    "salesorder": _OPTIONAL,
    "salesorderdetail": ObjectRules(required=("createdon",), may_be_empty=True),
    "changeorder": ObjectRules(required=("createdon", "amount", "capamount"), may_be_empty=True),
    "bookableresource": _OPTIONAL,
    "msdyn_invoicefrequency": ObjectRules(
        required=("period",), ranges={"cutoffday": (1, 31)}, may_be_empty=True
    ),
    "invoice": ObjectRules(
        required=("_customerid_value", "_transactioncurrencyid_value", "msdyn_projectinvoicestatus"), may_be_empty=True
    ),
    "invoicedetail": ObjectRules(required=("_invoiceid_value",), may_be_empty=True),
    "msdyn_invoicelinetransaction": ObjectRules(required=("_msdyn_invoicelineid_value",), may_be_empty=True),
    "msdyn_actual": ObjectRules(required=("msdyn_transactiontypecode",), may_be_empty=True),
    "msdyn_transactionconnection": ObjectRules(required=("msdyn_transaction1", "msdyn_transaction2"), may_be_empty=True),
    "integrationlog": ObjectRules(
        required=("recordtype", "status", "occurredat"), ranges={"attempt": (1, None)}, may_be_empty=True
    ),
    "legal_entity": ObjectRules(required=("name",)),
    "ledger": ObjectRules(required=("accounting_currency",), currencies=("accounting_currency",)),
    "country_region": _OPTIONAL,
    "payment_term": ObjectRules(ranges={"number_of_days": (0, 366)}, may_be_empty=True),
    "customer": ObjectRules(required=("organization_name",)),
    "trading_partnership": _OPTIONAL,
    "exchange_rate": ObjectRules(
        required=("rate", "conversion_factor"), ranges={"rate": _FX}, currencies=("from_currency", "to_currency"),
        may_be_empty=True,
    ),
    "project": _OPTIONAL,
    "project_invoice": ObjectRules(
        required=("invoice_date", "currency_code", "invoice_customer_account_number"), currencies=("currency_code",),
        may_be_empty=True,
    ),
    "project_invoice_line": ObjectRules(required=("line_amount",), may_be_empty=True),
    "free_text_invoice": ObjectRules(
        required=("is_posted", "currency_code"), currencies=("currency_code",), may_be_empty=True
    ),
    "free_text_invoice_line": ObjectRules(required=("transaction_currency_amount",), may_be_empty=True),
    "payment_journal": ObjectRules(required=("is_posted",), may_be_empty=True),
    "payment_line": ObjectRules(
        required=("transaction_date", "currency_code"), currencies=("currency_code",),
        ranges={"credit_amount": (0, None), "debit_amount": (0, None)}, may_be_empty=True,
    ),
    "payment_settlement": ObjectRules(required=("settlement_amount_in_invoice_currency",), may_be_empty=True),
    "dispute": ObjectRules(
        required=("amount_cur", "status"), currencies=("transaction_currency",), may_be_empty=True
    ),
    "write_off": ObjectRules(
        required=("write_off_date", "write_off_amount"), currencies=("currency_code",), may_be_empty=True
    ),
    "project_transaction": ObjectRules(
        required=("transaction_date", "total_cost_amount"), currencies=("currency_id",), may_be_empty=True
    ),
    "revenue_schedule": ObjectRules(
        required=("period_start_date",), currencies=("currency_code",), may_be_empty=True
    ),
    "contract_balance": ObjectRules(
        required=("period_start_date",), currencies=("currency_code",), may_be_empty=True
    ),
    "wip_posting": ObjectRules(
        required=("posted_date", "sales_amount"), currencies=("currency_code",), may_be_empty=True
    ),
}  # fmt: skip
