"""The firm's own policies, where the shipped ones say nothing: what its companies charge each other, and its tax."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ingestion.sandbox.firm.setup import ENTITIES

LENT_ROLE = "Interim Manager"
"""The one role whose hours the companies of the firm charge each other."""
TRANSFER_PRICE, TRANSFER_CURRENCY = Decimal(120), "USD"
TAXED_COUNTRY, TAX_PCT = ENTITIES["EUR"][2], Decimal(19)
"""The one country whose sales tax the firm checks, on invoices within it."""

Rows = list[dict[str, str | int | date | None]]


def policies() -> dict[str, Rows]:
    """Rows to add to the shipped tables of policies, by table."""
    since = date(2020, 1, 1)
    return {
        "transfer_prices": [
            {"role": LENT_ROLE, "hourly_rate": str(TRANSFER_PRICE), "currency": TRANSFER_CURRENCY, "valid_from": since}
        ],
        "tax_rates": [
            {
                "seller_country": TAXED_COUNTRY,
                "buyer_country": TAXED_COUNTRY,
                "tax_pct": str(TAX_PCT),
                "valid_from": since,
                "name": "VAT",
            }
        ],
    }
