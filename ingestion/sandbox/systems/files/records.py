"""Facts as the rows of the legacy tools' exports, one list per feed; the formats are none of its business."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ingestion.sandbox.facts import EPOCH, BilledItem, Domain, Fact, Facts, Invoice, InvoiceLine
from ingestion.sandbox.world import stable_number

if TYPE_CHECKING:
    from ingestion.sandbox.systems.files import System

Row = dict[str, Any]
STATUS = {"draft": "E", "posted": "G", "voided": "S"}
DOCUMENT = {"invoice": "RE", "credit_memo": "GU"}
# Open, or dispatched.
DELIVERY = {True: "O", False: "V"}
FREQUENCY = {"weekly": "HEBDO", "monthly": "MENSUEL", "quarterly": "TRIM"}
RATE_TYPE = {"spot": "M", "month_avg": "AVG"}
METHOD = {
    "as_invoiced": "BILLED",
    "cost_to_cost": "POC-COST",
    "labour_hours": "POC-HOURS",
    "milestone_output": "MILESTONE",
    "straight_line": "LINEAR",
    "point_in_time": "POINT",
    "prepaid_drawdown": "DRAWDOWN",
}
# Kind of a billed fact -> the domain that owns it and what the billing tool calls it.
ITEMS = {
    "time_entries": ("psa", "TIME"),
    "milestones": ("psa", "MILESTONE"),
    "progress_reports": ("psa", "PROGRESS"),
    "expenses": ("expense", "EXPENSE"),
    "supplier_invoice_lines": ("procurement", "SUBCON"),
}
# What an invoice line is for -> the host's product code.
PRODUCT = {
    "items": "SERVICE",
    "retainage": "RETENTION",
    "retainage_release": "RETENTION-R",
    "true_up": "MIN-VOLUME",
    "retainer": "PREPAYMENT",
    "late_fee": "INTEREST",
}
# Type of a record in the integration's log -> the domain that owns it, and the kind of fact.
LOGGED: dict[str, tuple[Domain, str]] = {
    "customer": ("crm", "customers"),
    "contract_line": ("crm", "contract_lines"),
    "change_order": ("crm", "change_orders"),
    "project": ("psa", "projects"),
    "time_entry": ("psa", "time_entries"),
    "expense": ("expense", "expenses"),
    "invoice": ("erp", "invoices"),
    "payment": ("erp", "payments"),
}
ATTEMPT = {"succeeded": "OK", "failed": "ERROR", "in_doubt": "IN DOUBT"}


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
            "disputes": [self._dispute(d) for d in self._living("disputes")],
            "write_offs": [self._write_off(w) for w in self._living("write_offs")],
            "contract_balances": [self._balance(b) for b in self._living("contract_balances")],
            "wip_postings": [self._wip_posting(p) for p in self._living("wip_postings")],
            "contract_values": [self._contract_value(c) for c in self._living("contract_lines")],
            "change_orders": [self._change_order(o) for o in self._living("change_orders") if o.status == "approved"],
            "sync_log": [self._attempt(e) for e in self._living("sync_events")],
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

    @cached_property
    def _currency(self) -> dict[str, str]:
        return {c.id: c.currency for c in self._facts.contracts}

    def _legal_entity(self, entity: Any) -> Row:
        return {
            "entity_code": number("legal_entities", entity.id), "name": entity.name or entity.id,
            "currency": entity.currency, "country": entity.country, "parent_code": None,
            "time_zone": entity.timezone,
        }  # fmt: skip

    def _customer(self, customer: Any) -> Row:
        return {
            "customer_no": number("customers", customer.id), "name": customer.name or customer.id,
            "parent_no": number("customers", customer.parent) if customer.parent else None,
            "currency": customer.currency, "country": customer.country,
            "payment_terms_days": Decimal(customer.payment_terms_days),
            "merged_into_no": number("customers", customer.merged_into) if customer.merged_into else None,
            "crm_account_id": self.world.ref("crm", "customers", customer.id), "tax_id": customer.tax_id,
            "represented_entity": number("legal_entities", customer.represents) if customer.represents else None,
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
            "rejected_date": invoice.rejected_on, "rejection_reason": invoice.rejection_reason,
            "delivery_status": DELIVERY[invoice.awaits_sending] if invoice.status == "posted" else None,
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
            "project_code": self._code.get(line.project) if line.project else None, "product_code": PRODUCT[line.kind],
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
        kind = self._kind(billed.item)
        if kind == "milestones" and self._items[kind][billed.item].shares:
            return kind, f"{billed.item}/{billed.customer or invoice.customer}"
        return kind, billed.item

    def _kind(self, item: str) -> str:
        return next((kind for kind, known in self._items.items() if item in known), "")

    @cached_property
    def _items(self) -> dict[str, dict[str, Any]]:
        facts = self._facts
        return {
            "time_entries": {t.id: t for t in facts.time_entries},
            "expenses": {e.id: e for e in facts.expenses},
            "supplier_invoice_lines": {line.id: line for s in facts.supplier_invoices for line in s.lines},
            "milestones": {m.id: m for m in facts.milestones},
            "progress_reports": {r.id: r for r in facts.progress_reports},
        }

    def _payment(self, payment: Any) -> Row:
        return {
            "payment_id": number("payments", payment.id), "document_id": number("invoices", payment.invoice),
            "customer_no": number("customers", self._customer_of[payment.invoice]), "amount": payment.amount,
            "currency": payment.currency, "payment_date": payment.paid_on,
            "withholding_tax": payment.withholding_tax, "deduction": payment.deduction,
            "deduction_reason": payment.deduction_reason,
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

    def _dispute(self, dispute: Any) -> Row:
        return {
            "dispute_id": number("disputes", dispute.id), "document_id": number("invoices", dispute.invoice),
            "line_id": number("invoice_lines", dispute.line) if dispute.line else None, "amount": dispute.amount,
            "currency": dispute.currency, "reason_code": dispute.reason, "opened_date": dispute.opened_on,
            "resolved_date": dispute.resolved_on,
        }  # fmt: skip

    def _write_off(self, write_off: Any) -> Row:
        return {
            "write_off_id": number("write_offs", write_off.id), "document_id": number("invoices", write_off.invoice),
            "amount": write_off.amount, "currency": write_off.currency, "posted_date": write_off.written_off_on,
            "reason_code": write_off.reason, "approver": write_off.approver, "approver_role": write_off.approver_role,
        }  # fmt: skip

    def _balance(self, balance: Any) -> Row:
        return {
            "balance_id": number("contract_balances", balance.id),
            "contract_ref": self.world.ref("crm", "contracts", balance.contract),
            "period_start": date.fromisoformat(f"{balance.period}-01"), "book": balance.book,
            "contract_asset": balance.contract_asset, "unbilled_receivable": balance.unbilled_receivable,
            "contract_liability": balance.contract_liability, "loss_provision": balance.loss_provision,
            "currency": balance.currency,
        }  # fmt: skip

    def _wip_posting(self, posting: Any) -> Row:
        kind = self._kind(posting.item) if posting.item else ""
        domain, name = ITEMS.get(kind, (None, "OTHER" if posting.item else None))
        return {
            "posting_id": number("wip_postings", posting.id),
            "contract_line_ref": self.world.ref("crm", "contract_lines", posting.contract_line), "item_type": name,
            "item_ref": self.world.ref(domain, kind, posting.item) if domain else posting.item,  # type: ignore[arg-type]
            "amount": posting.amount, "currency": posting.currency, "posted_date": posting.posted_on, "book": posting.book,
        }  # fmt: skip

    def _contract_value(self, line: Any) -> Row:
        return {
            "contract_item_no": number("contract_lines", line.id),
            "contract_line_ref": self.world.ref("crm", "contract_lines", line.id), "amount": line.amount,
            "currency": line.currency or self._currency.get(line.contract, "USD"), "created_at": _created(line),
        }  # fmt: skip

    def _change_order(self, order: Any) -> Row:
        return {
            "amendment_no": number("change_orders", order.id),
            "change_order_ref": self.world.ref("crm", "change_orders", order.id),
            "contract_line_ref": self.world.ref("crm", "contract_lines", order.contract_line), "amount": order.amount,
            "cap_amount": order.cap_delta, "currency": order.currency, "created_at": _created(order),
        }  # fmt: skip

    def _attempt(self, event: Any) -> Row:
        domain, kind = LOGGED[event.record_type]
        return {
            "attempt_id": number("sync_events", event.id), "record_type": event.record_type.upper(),
            "record_ref": self.world.ref(domain, kind, event.record), "from_system": event.from_domain.upper(),
            "to_system": event.to_domain.upper(), "attempt_no": Decimal(event.attempt),
            "status": ATTEMPT[event.status], "error_class": event.error,
            "can_retry": "Y" if event.is_transient else "N", "occurred_at": _moment(event.occurred_at),
        }  # fmt: skip


def _created(fact: Fact) -> str:
    return _moment(fact.created_at or EPOCH)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def _toward(amount: Decimal, quantity: Decimal) -> Decimal:
    """``quantity`` of a credit with the sign of the money it moves."""
    return abs(quantity) if amount > 0 else -abs(quantity)
