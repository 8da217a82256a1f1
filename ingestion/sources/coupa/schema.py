"""The raw objects of Coupa: suppliers, purchase orders and invoices, their lines, allocations and approvals.

Decimals come as text and stay exact, times carry the company's offset, dates of documents stay as they were written.
Lines and approvals exist only inside their document; each is a raw record of its own with its document's id added.
"""

from __future__ import annotations

from ingestion.raw import RawObject
from ingestion.sources.coupa.settings import OVERLAP

AMOUNT = "decimal(38,10)"
PRICE = "decimal(38,20)"
PERCENT = "decimal(16,10)"

_STAMPS = {"id": "bigint", "created-at": "timestamp", "updated-at": "timestamp"}
_PARTY = {"supplier.id": "bigint", "supplier.name": "text", "currency.code": "text"}
_LINE = {
    "type": "text",
    "description": "text",
    "quantity": PRICE,
    "price": PRICE,
    "total": AMOUNT,
    "status": "text",
    "account": "json",
    "custom-fields": "json",
}
_ALLOCATION = {"account": "json", "amount": AMOUNT, "pct": PERCENT}


def _listed(name: str, columns: dict[str, str]) -> RawObject:
    return RawObject(name, key=("id",), columns={**_STAMPS, **columns}, cursor="updated-at", overlap=OVERLAP)


def _nested(name: str, parent: str, columns: dict[str, str]) -> RawObject:
    """An object inside documents: complete for each document that changed, so what a document lost is deleted."""
    return RawObject(
        name,
        key=("id",),
        columns={parent: "bigint", **_STAMPS, **columns},
        cursor="updated-at",
        overlap=OVERLAP,
        parent=parent,
    )


OBJECTS: dict[str, RawObject] = {
    obj.name: obj
    for obj in (
        _listed(
            "suppliers",
            {
                "name": "text",
                "display-name": "text",
                "number": "text",
                "status": "text",
                "on-hold": "bool",
                "custom-fields": "json",
            },
        ),
        _listed(
            "purchase_orders",
            {
                "po-number": "text",
                "status": "text",
                "transmission-status": "text",
                "type": "text",
                **_PARTY,
                "custom-fields": "json",
            },
        ),
        _nested(
            "purchase_order_lines",
            "purchase-order-id",
            {**_LINE, "line-num": "text", "order-header-number": "text", "invoiced": AMOUNT, "service-type": "text"},
        ),
        _nested("purchase_order_allocations", "purchase-order-id", {"order-line-id": "bigint", **_ALLOCATION}),
        _listed(
            "invoices",
            {
                "invoice-number": "text",
                "invoice-date": "text",
                "status": "text",
                "document-type": "text",
                "is-credit-note": "bool",
                "canceled": "bool",
                "paid": "bool",
                "original-invoice-number": "text",
                "gross-total": AMOUNT,
                "total-with-taxes": AMOUNT,
                "tax-amount": AMOUNT,
                "line-level-taxation": "bool",
                **_PARTY,
                "custom-fields": "json",
            },
        ),
        _nested(
            "invoice_lines",
            "invoice-id",
            {**_LINE, "line-num": "bigint", "po-number": "text", "order-line-id": "bigint", "billing-note": "text"},
        ),
        _nested("invoice_allocations", "invoice-id", {"invoice-line-id": "bigint", **_ALLOCATION}),
        _nested(
            "invoice_approvals",
            "invoice-id",
            {"position": "bigint", "status": "text", "approval-date": "timestamp", "note": "text"},
        ),
    )
}
