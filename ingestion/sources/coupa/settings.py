"""What is fixed about reading Coupa: addresses, limits, and where nested records lie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

SYSTEM = "coupa"
TOKEN_PATH = "/oauth2/token"
DEFAULT_SCOPE = "core.supplier.read core.purchase_order.read core.invoice.read"
PAGE_LIMIT = 50
# 25 requests a second are allowed; the rest is left to the company's other integrations.
REQUESTS_PER_SECOND = 20
# A token may be refused during the first seconds of its life.
TOKEN_SETTLE_SECONDS = 5.0
# Tokens live for 24 hours; the vendor advises to renew them after 20.
TOKEN_SECONDS = 20 * 3600
OVERLAP = timedelta(minutes=10)


@dataclass(frozen=True)
class Reading:
    """Where the records of a raw object come from.

    ``endpoint`` is the list that holds them. ``path`` leads through nested lists to them (empty: the listed records
    themselves) and ``parents`` names the fields that are added for the ids of the records around them, outermost first.
    ``without`` are nested lists that are raw objects of their own.
    """

    endpoint: str
    path: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()


READINGS: dict[str, Reading] = {
    "suppliers": Reading("suppliers"),
    "purchase_orders": Reading("purchase_orders", without=frozenset({"order-lines"})),
    "purchase_order_lines": Reading(
        "purchase_orders", ("order-lines",), ("purchase-order-id",), frozenset({"account-allocations"})
    ),
    "purchase_order_allocations": Reading(
        "purchase_orders", ("order-lines", "account-allocations"), ("purchase-order-id", "order-line-id")
    ),
    "invoices": Reading("invoices", without=frozenset({"invoice-lines", "approvals"})),
    "invoice_lines": Reading("invoices", ("invoice-lines",), ("invoice-id",), frozenset({"account-allocations"})),
    "invoice_allocations": Reading(
        "invoices", ("invoice-lines", "account-allocations"), ("invoice-id", "invoice-line-id")
    ),
    "invoice_approvals": Reading("invoices", ("approvals",), ("invoice-id",)),
}
