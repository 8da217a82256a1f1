"""Coupa as its core REST API shows it: suppliers, purchase orders and invoices with their lines.

Documented quirks that are kept: XML unless JSON is asked for, hyphenated names, bare arrays of at most 50 records,
decimals as text, times in the company's zone, a query language on every field, and documents that are voided or
cancelled but never deleted. Depending on its id alone, a line carries its account itself or in one full allocation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingestion.sandbox.facts import PurchaseOrder, Supplier, SupplierInvoice
from ingestion.sandbox.systems.coupa.query import BadQuery, select, to_xml
from ingestion.sandbox.world import VendorSystem, World, bearer, json_response, stable_number

CLIENT_ID = "coupa-client"
CLIENT_SECRET = "coupa-secret"
COMPANY_ZONE = ZoneInfo("America/Los_Angeles")
SCOPES = {
    "suppliers": "core.supplier.read",
    "purchase_orders": "core.purchase_order.read",
    "invoices": "core.invoice.read",
}
INVOICE_STATUS = {"pending": "pending_approval"}  # the others are called as in the facts
SEGMENTS = 20


class System(VendorSystem):
    """The Coupa stand-in; serves the procurement domain."""

    name = "coupa"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._issued = 0
        self._scopes: dict[str, frozenset[str]] = {}
        self._projects: dict[str, str] = {}

    def external_id(self, kind: str, fact_id: str) -> str:
        """Whole numbers as text. A purchase order is known by its only line, in a number space of its own."""
        if kind == "purchase_orders":
            return f"po/{self._number('purchase_order_lines', fact_id)}"
        return str(self._number(kind, fact_id))

    def credentials(self, base_url: str) -> dict[str, str]:
        """Settings of the real source for this stand-in, whose tokens are good at once and which has no rate limit."""
        return {
            "SOURCES__COUPA__BASE_URL": base_url,
            "SOURCES__COUPA__CLIENT_ID": CLIENT_ID,
            "SOURCES__COUPA__CLIENT_SECRET": CLIENT_SECRET,
            "SOURCES__COUPA__SETTLE_SECONDS": "0",
            "SOURCES__COUPA__REQUESTS_PER_SECOND": "10000",
        }

    def expire_tokens(self) -> None:
        """End all tokens."""
        self._scopes.clear()

    def rate_limited(self) -> Response:
        """429 without a word about when to come back."""
        return json_response({"errors": {"rate_limit": ["Too many requests"]}}, 429)

    def routes(self) -> list[BaseRoute]:
        """Token endpoints, the lists and the single records."""
        return [
            *[Route(path, self._token, methods=["POST"]) for path in ("/oauth2/token", "/oauth2/access_tokens")],
            *[Route(f"/api/{name}", self._list(name)) for name in SCOPES],
            *[Route(f"/api/{name}/{{id:int}}", self._single(name)) for name in SCOPES],
        ]

    # --- records

    def build_tables(self) -> dict[str, list[dict[str, Any]]]:
        """All records in the order of their ids, as lists come by default."""
        self._projects = {p.id: p.code for p in self.world.facts.projects}
        suppliers = {s.id: s for s in self.world.facts.suppliers}
        orders = {o.id: o for o in self.world.facts.purchase_orders}
        tables = {
            "suppliers": [self._supplier(s) for s in self.facts("suppliers")],
            "purchase_orders": [self._order(o, suppliers) for o in self.facts("purchase_orders")],
            "invoices": [self._invoice(i, suppliers, orders) for i in self.facts("supplier_invoices")],
        }
        return {name: sorted(rows, key=lambda r: r["id"]) for name, rows in tables.items()}

    def _supplier(self, supplier: Supplier) -> dict[str, Any]:
        return {
            "id": self._number("suppliers", supplier.id),
            **self._stamps(supplier.created_at, self.touched(supplier)),
            "name": supplier.name or supplier.id,
            "display-name": supplier.name or supplier.id,
            "number": f"S{self._number('suppliers', supplier.id) % 100_000}",
            "status": "inactive" if self._is_deleted(supplier) else "active",
            "on-hold": False,
            "po-method": "email",
            "invoice-matching-level": "2-way",
            "custom-fields": {},
        }

    def _order(self, order: PurchaseOrder, suppliers: Mapping[str, Supplier]) -> dict[str, Any]:
        stamps = self._stamps(order.created_at or _noon(order.issued_on), self.touched(order))
        number = self._number("purchase_order_headers", order.id)
        line_id = self._number("purchase_order_lines", order.id)
        line = {
            "id": line_id,
            **stamps,
            "order-header-id": number,
            "order-header-number": order.number or order.id,
            "line-num": "1",
            "type": "OrderAmountLine",
            "description": "Services",
            "quantity": None,
            "price": _money(order.amount),
            "total": _money(order.amount),
            "invoiced": "0.00",
            "status": "created",
            "service-type": "non_service",
            **self._accounting("order", line_id, order.project, order.amount, stamps),
            "custom-fields": {"billable-to-client": order.is_billable},
        }
        return {
            "id": number,
            **stamps,
            "po-number": order.number or order.id,
            "status": "cancelled" if self._is_deleted(order) else order.status,
            "transmission-status": "sent_via_email" if order.status != "draft" else "created",
            "supplier": self._party(order.supplier, suppliers),
            "currency": _currency(order.currency),
            "type": "ExternalOrderHeader",
            "version": 1,
            "exported": False,
            "order-lines": [line],
            "custom-fields": {},
        }

    def _invoice(
        self, invoice: SupplierInvoice, suppliers: Mapping[str, Supplier], orders: Mapping[str, PurchaseOrder]
    ) -> dict[str, Any]:
        stamps = self._stamps(invoice.created_at or _noon(invoice.invoice_date), self.touched(invoice))
        order = orders.get(invoice.purchase_order or "")
        status = "voided" if self._is_deleted(invoice) else INVOICE_STATUS.get(invoice.status, invoice.status)
        total = _money(sum((line.amount for line in invoice.lines), Decimal(0)))
        lines = []
        for position, line in enumerate(invoice.lines, 1):
            line_id = self._number("supplier_invoice_lines", line.id)
            lines.append(
                {
                    "id": line_id,
                    **stamps,
                    "line-num": position,
                    "type": "InvoiceAmountLine",
                    "description": line.description,
                    "quantity": None,
                    "price": _money(line.amount),
                    "total": _money(line.amount),
                    "status": "new",
                    "po-number": (order.number or order.id) if order else None,
                    "order-line-id": self._number("purchase_order_lines", order.id) if order else None,
                    **self._accounting("invoice", line_id, line.project, line.amount, stamps),
                    "custom-fields": {
                        "billable-to-client": line.is_billable,
                        "service-start-date": str(line.service_from) if line.service_from else None,
                        "service-end-date": str(line.service_to) if line.service_to else None,
                    },
                }
            )
        return {
            "id": self._number("supplier_invoices", invoice.id),
            **stamps,
            "invoice-number": (invoice.number or invoice.id)[:40],
            "invoice-date": _local(datetime(*invoice.invoice_date.timetuple()[:3], tzinfo=COMPANY_ZONE)),
            "status": status,
            "document-type": "Credit Note" if invoice.kind == "credit_note" else "Invoice",
            "is-credit-note": invoice.kind == "credit_note",
            "canceled": status == "voided",
            "paid": False,
            "supplier": self._party(invoice.supplier, suppliers),
            "currency": _currency(invoice.currency),
            "gross-total": total,
            "total-with-taxes": total,
            "tax-amount": "0.00",
            "line-level-taxation": False,
            "exported": False,
            "invoice-lines": lines,
            "approvals": self._approvals(invoice, stamps),
            "custom-fields": {},
        }

    def _approvals(self, invoice: SupplierInvoice, stamps: Mapping[str, Any]) -> list[dict[str, Any]]:
        if invoice.approved_at is None and invoice.status != "pending":
            return []
        approval = {
            "id": self._number("approvals", invoice.id),
            **stamps,
            "position": 1,
            "status": "approved" if invoice.approved_at else "pending_approval",
            "approval-date": _local(invoice.approved_at),
            "approvable-type": "InvoiceHeader",
            "note": None,
        }
        return [approval]

    def _accounting(
        self, owner: str, line_id: int, project: str | None, amount: Decimal, stamps: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The account of a line, or, on every third line, the one allocation that holds it."""
        account = self._account(project)
        if stable_number("shape", owner, str(line_id)) % 3:
            return {"account": account, "account-allocations": []}
        allocation = {
            "id": self._number(f"{owner}_allocations", str(line_id)),
            **stamps,
            "account": account,
            "amount": _money(amount),
            "pct": "100.0000000000",
            "period": None,
        }
        return {"account": None, "account-allocations": [allocation]}

    def _account(self, project: str | None) -> dict[str, Any]:
        code = self._projects.get(project or "")
        filled = ["US01", "6200", code]
        return {
            "id": self._number("accounts", code or ""),
            "name": f"Subcontracted services {code or ''}".strip(),
            "code": "-".join(s for s in filled if s),
            "active": True,
            "account-type": {"id": 1, "name": "Corporate chart of accounts"},
            **{f"segment-{n}": filled[n - 1] if n <= len(filled) else None for n in range(1, SEGMENTS + 1)},
        }

    def _party(self, supplier_id: str, suppliers: Mapping[str, Supplier]) -> dict[str, Any]:
        supplier = suppliers.get(supplier_id)
        name = supplier.name if supplier and supplier.name else supplier_id
        return {"id": self._number("suppliers", supplier_id), "name": name}

    def _number(self, kind: str, fact_id: str) -> int:
        return stable_number(self.name, kind, fact_id)

    def _is_deleted(self, fact: Supplier | PurchaseOrder | SupplierInvoice) -> bool:
        return fact.deleted_at is not None and fact.deleted_at <= self.now

    def _stamps(self, created: datetime | None, updated: datetime) -> dict[str, Any]:
        return {"created-at": _local(min(created or updated, updated)), "updated-at": _local(updated)}

    # --- protocol

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return json_response({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        if form.get("grant_type") != "client_credentials":
            return json_response({"error": "unsupported_grant_type"}, 400)
        granted = frozenset(SCOPES.values())
        asked = frozenset(form.get("scope", "").split()) or granted
        if not asked <= granted:
            return json_response({"error": "invalid_scope"}, 400)
        self._issued += 1
        token = f"coupa-access-{self._issued}"
        self._scopes[token] = asked
        body = {"access_token": token, "token_type": "bearer", "expires_in": 86399, "scope": " ".join(sorted(asked))}
        return json_response(body)

    def _refusal(self, request: Request, name: str) -> Response | None:
        scopes = self._scopes.get(bearer(request) or "")
        if scopes is None:
            return _errors(401, "base", "Invalid or expired token")
        return None if SCOPES[name] in scopes else _errors(403, "base", f"The scope {SCOPES[name]} is required")

    def _list(self, name: str) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            if refusal := self._refusal(request, name):
                return refusal
            try:
                rows = select(self.tables()[name], request.query_params.multi_items())
            except BadQuery as error:
                return _errors(400, name, str(error))
            if _wants_json(request):
                return json_response(rows)
            if not rows:
                return _xml("<errors><error>No results match your search criteria.</error></errors>", 404)
            return _xml(to_xml(name, rows))

        return answer

    def _single(self, name: str) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            if refusal := self._refusal(request, name):
                return refusal
            row = next((r for r in self.tables()[name] if r.get("id") == request.path_params["id"]), None)
            if row is None:
                return _errors(404, name, "The record was not found")
            return json_response(row) if _wants_json(request) else _xml(to_xml(name.removesuffix("s"), row))

        return answer


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _xml(body: str, status: int = 200) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', status, media_type="application/xml")


def _errors(status: int, subject: str, message: str) -> Response:
    return json_response({"errors": {subject: [message]}}, status)


def _currency(code: str) -> dict[str, Any]:
    return {"id": stable_number("currency", code, bits=16), "code": code, "decimals": 2}


def _money(amount: Decimal) -> str:
    """An amount as text with at least two decimals."""
    cents = amount.quantize(Decimal("0.01"))
    return str(cents if cents == amount else amount)


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _local(moment: datetime | None) -> str | None:
    return moment.astimezone(COMPANY_ZONE).isoformat(timespec="seconds") if moment else None
