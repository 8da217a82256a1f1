"""Facts as the rows of the legacy tools' exports, one list per feed; the formats are none of its business."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ingestion.sandbox.facts import BilledItem, Fact, Facts, Invoice, InvoiceLine
from ingestion.sandbox.world import stable_number

if TYPE_CHECKING:
    from ingestion.sandbox.systems.files import System

Row = dict[str, Any]
STATUS = {"draft": "E", "posted": "G", "voided": "S"}
DOCUMENT = {"invoice": "RE", "credit_memo": "GU"}
FREQUENCY = {"weekly": "HEBDO", "monthly": "MENSUEL", "quarterly": "TRIM"}
RATE_TYPE = {"spot": "M", "month_avg": "AVG"}
METHOD = {
    "as_invoiced": "BILLED",
    "cost_to_cost": "POC-COST",
    "labour_hours": "POC-HOURS",
    "milestone_output": "MILESTONE",
    "straight_line": "LINEAR",
    "point_in_time": "POINT",
}
# Kind of a billed fact -> the domain that owns it and what the billing tool calls it.
ITEMS = {
    "time_entries": ("psa", "TIME"),
    "milestones": ("psa", "MILESTONE"),
    "expenses": ("expense", "EXPENSE"),
    "supplier_invoice_lines": ("procurement", "SUBCON"),
}


def number(kind: str, fact_id: str) -> str:
    """The legacy tools' id of a fact: 13 digits, with leading zeros."""
    return f"{stable_number('files', kind, fact_id):013d}"


class Builder:
    """All rows for the facts that the tools have heard of. One instance builds once."""

    def __init__(self, system: System) -> None:
        self.system, self.world = system, system.world
        self._facts: Facts = system.world.facts

    def build(self) -> dict[str, list[Row]]:
        """Rows by feed; values are dates, exact decimals and text."""
        return {
            "legal_entities": [self._legal_entity(e) for e in self._living("legal_entities")],
            "customers": [self._customer(c) for c in self._living("customers")],
            "billing_calendars": [self._calendar(c) for c in self._living("billing_calendars")],
            "fx_rates": [self._rate(r) for r in self._living("fx_rates")],
            "invoices": [self._invoice(i) for i in self._invoices],
            "invoice_lines": [self._line(i, line) for i in self._invoices for line in i.lines],
            "billing_links": [row for i in self._invoices for line in i.lines for row in self._links(i, line)],
            "payments": [self._payment(p) for p in self._living("payments") if p.invoice in self._customer_of],
            "revenue_schedules": [self._schedule(s) for s in self._living("revenue_schedules")],
            "project_costs": [self._cost(c) for c in self._living("project_costs")],
        }

    def _living(self, kind: str) -> list[Any]:
        now = self.system.now
        facts: list[Fact] = self.system.facts(kind)
        return [f for f in facts if f.deleted_at is None or f.deleted_at > now]

    @cached_property
    def _invoices(self) -> list[Invoice]:
        return self._living("invoices")

    @cached_property
    def _customer_of(self) -> dict[str, str]:
        return {i.id: i.customer for i in self._invoices}

    @cached_property
    def _email(self) -> dict[str, str]:
        return {r.id: r.email for r in self._facts.resources}

    @cached_property
    def _code(self) -> dict[str, str]:
        return {p.id: p.code for p in self._facts.projects}

    def _legal_entity(self, entity: Any) -> Row:
        return {
            "entity_code": number("legal_entities", entity.id), "name": entity.name or entity.id,
            "currency": entity.currency, "country": entity.country, "parent_code": None,
        }  # fmt: skip

    def _customer(self, customer: Any) -> Row:
        return {
            "customer_no": number("customers", customer.id), "name": customer.name or customer.id,
            "parent_no": number("customers", customer.parent) if customer.parent else None,
            "currency": customer.currency, "country": customer.country,
            "payment_terms_days": Decimal(customer.payment_terms_days),
            "merged_into_no": number("customers", customer.merged_into) if customer.merged_into else None,
            "crm_account_id": self.world.ref("crm", "customers", customer.id), "tax_id": customer.tax_id,
        }  # fmt: skip

    def _calendar(self, calendar: Any) -> Row:
        return {
            "calendar_code": number("billing_calendars", calendar.id), "name": calendar.name or calendar.id,
            "frequency": FREQUENCY[calendar.frequency], "cutoff_day": Decimal(calendar.cutoff_day),
        }  # fmt: skip

    def _rate(self, rate: Any) -> Row:
        return {
            "from_currency": rate.from_currency, "to_currency": rate.to_currency, "rate_date": rate.rate_date,
            "rate_type": RATE_TYPE[rate.rate_type], "rate": rate.rate,
        }  # fmt: skip

    def _invoice(self, invoice: Invoice) -> Row:
        net = sum((line.amount or Decimal(0) for line in invoice.lines), Decimal(0))
        origin = invoice.original_invoice
        return {
            "document_id": number("invoices", invoice.id), "document_number": invoice.number,
            "document_type": DOCUMENT[invoice.kind], "customer_no": number("customers", invoice.customer),
            "entity_code": number("legal_entities", invoice.legal_entity) if invoice.legal_entity else None,
            "currency": invoice.currency, "status": STATUS[invoice.status], "issue_date": invoice.issued_on,
            "posted_date": invoice.posted_on, "sent_date": invoice.sent_on, "due_date": invoice.due_on,
            "original_document_id": number("invoices", origin) if origin else None, "reason_code": invoice.reason,
            "net_amount": net, "tax_amount": invoice.tax_amount, "gross_amount": net + invoice.tax_amount,
        }  # fmt: skip

    def _line(self, invoice: Invoice, line: InvoiceLine) -> Row:
        amount, quantity, price = line.amount or Decimal(0), line.quantity, line.unit_price
        if invoice.kind == "credit_memo":
            # A credit shows what it takes back as a negative quantity at a plain price.
            quantity, price = _toward(amount, quantity), abs(price)
        return {
            "line_id": number("invoice_lines", line.id), "document_id": number("invoices", invoice.id),
            "contract_line_ref": self.world.ref("crm", "contract_lines", line.contract_line),
            "project_ref": self.world.ref("psa", "projects", line.project),
            "resource_email": self._email.get(line.resource) if line.resource else None,
            "description": line.description or None, "quantity": quantity, "unit_price": price, "net_amount": amount,
            "currency": invoice.currency, "service_from": line.service_from, "service_to": line.service_to,
            "project_code": self._code.get(line.project) if line.project else None,
        }  # fmt: skip

    def _links(self, invoice: Invoice, line: InvoiceLine) -> list[Row]:
        rows: list[Row] = []
        for position, billed in enumerate(line.items):
            kind, fact_id = self._item(billed, invoice)
            domain, name = ITEMS.get(kind, (None, "OTHER"))
            amount, quantity = billed.amount or Decimal(0), billed.quantity
            if quantity is not None and invoice.kind == "credit_memo":
                quantity = _toward(amount, quantity)
            rows.append(
                {
                    "link_id": number("billing_links", f"{line.id}\x1f{fact_id}\x1f{position}"),
                    "line_id": number("invoice_lines", line.id), "item_type": name,
                    "item_ref": self.world.ref(domain, kind, fact_id) if domain else billed.item,  # type: ignore[arg-type]
                    "quantity": quantity, "amount": amount, "currency": invoice.currency,
                }
            )  # fmt: skip
        return rows

    def _item(self, billed: BilledItem, invoice: Invoice) -> tuple[str, str]:
        """Kind and id of the fact that is billed; a milestone split over customers is one fact per share."""
        for kind, known in self._items.items():
            if billed.item in known:
                shares = getattr(known[billed.item], "shares", None)
                return kind, f"{billed.item}/{billed.customer or invoice.customer}" if shares else billed.item
        return "", billed.item

    @cached_property
    def _items(self) -> dict[str, dict[str, Any]]:
        facts = self._facts
        return {
            "time_entries": {t.id: t for t in facts.time_entries},
            "expenses": {e.id: e for e in facts.expenses},
            "supplier_invoice_lines": {line.id: line for s in facts.supplier_invoices for line in s.lines},
            "milestones": {m.id: m for m in facts.milestones},
        }

    def _payment(self, payment: Any) -> Row:
        return {
            "payment_id": number("payments", payment.id), "document_id": number("invoices", payment.invoice),
            "customer_no": number("customers", self._customer_of[payment.invoice]), "amount": payment.amount,
            "currency": payment.currency, "payment_date": payment.paid_on,
        }  # fmt: skip

    def _schedule(self, schedule: Any) -> Row:
        return {
            "schedule_id": number("revenue_schedules", schedule.id),
            "contract_line_ref": self.world.ref("crm", "contract_lines", schedule.contract_line),
            "period_start": date.fromisoformat(f"{schedule.period}-01"), "book": schedule.book,
            "method": METHOD[schedule.method], "planned_amount": schedule.planned,
            "recognised_amount": schedule.recognised, "currency": schedule.currency,
            "posted_date": schedule.posted_on,
        }  # fmt: skip

    def _cost(self, cost: Any) -> Row:
        return {
            "cost_id": number("project_costs", cost.id),
            "project_ref": self.world.ref("psa", "projects", cost.project), "amount": cost.amount,
            "currency": cost.currency, "posted_date": cost.posted_on, "project_code": self._code.get(cost.project),
        }  # fmt: skip


def _toward(amount: Decimal, quantity: Decimal) -> Decimal:
    """``quantity`` of a credit with the sign of the money it moves."""
    return abs(quantity) if amount > 0 else -abs(quantity)
