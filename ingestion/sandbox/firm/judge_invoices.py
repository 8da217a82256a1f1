"""The answer key's view of invoices: late ones, stuck ones, and what customers dispute, do not pay or are let off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from ingestion.sandbox.facts import Invoice, Payment
from ingestion.sandbox.firm.basics import HUNDRED, add_business_days, cents
from ingestion.sandbox.firm.items import Item
from ingestion.sandbox.firm.key import CATEGORIES, ItemKind, Leak, Verdict
from ingestion.sandbox.firm.model import Book, Posted
from ingestion.sandbox.firm.policies import TAX_PCT, TAXED_COUNTRY
from ingestion.sandbox.firm.setup import ENTITIES

STUCK_SLA, STUCK_LOSS = 5, 30
"""Business days in which an invoice reaches the customer, and days after which its money is at risk."""
SHORTPAY_GRACE, SHORTPAY_TOLERANCE = 30, Decimal(25)
AUTHORITY = {"billing_clerk": Decimal(500), "controller": Decimal(10000)}
"""What the roles that write off in this firm may give up."""
ZERO = Decimal(0)
HOME = {entity: currency for currency, (entity, *_) in ENTITIES.items()}
TAXED = {entity for entity, _, country, _ in ENTITIES.values() if country == TAXED_COUNTRY}


def judge_invoices(book: Book, as_of: date) -> Iterator[Leak]:
    """Everything that is about an invoice or a payment."""
    yield from _delays(book.invoices, as_of)
    invoices: dict[str, Invoice] = {i.id: i for i in _facts(book, "invoices", as_of)}
    paid: defaultdict[str, list[Payment]] = defaultdict(list)
    for payment in _facts(book, "payments", as_of):
        paid[payment.invoice].append(payment)
        if leak := _currency_difference(book, payment, invoices[payment.invoice]):
            yield leak
    about = _About(book, as_of, list(invoices.values()), paid)
    for invoice in invoices.values():
        if invoice.kind == "invoice":
            yield from about.judge(invoice)


def _facts(book: Book, kind: str, as_of: date) -> list[Any]:
    end = datetime.combine(as_of, time(23, 59, 59), UTC)
    return [fact for record in book.records[kind] if (fact := record.at(end)) is not None]


def _leak(
    detector: str, item: str, kind: ItemKind, verdict: Verdict, currency: str, amount: Decimal, exposed: Decimal | None
) -> Leak:
    return Leak(
        detector=detector,
        category=CATEGORIES[detector],
        item=item,
        item_kind=kind,
        verdict=verdict,
        amount=amount,
        currency=currency,
        exposed_amount=exposed,
    )


def _delays(invoices: list[Posted], as_of: date) -> Iterator[Leak]:
    """One delay per invoice of time or milestones that was posted after an item on it was expected; costs one by one."""
    for invoice in invoices:
        if invoice.posted_on > as_of:
            continue
        late = [
            (item, amount)
            for item, amount in invoice.amounts
            if (due := item.expected_on(invoice.posted_on))
            and due < invoice.posted_on
            and item.billings[0].invoice == invoice.id
        ]
        fees = [amount for item, amount in late if not _is_cost(item)]
        if fees:
            exposed = sum(fees, ZERO)
            yield _leak("L25", invoice.id, "invoice", "timing_delay", invoice.currency, ZERO, exposed)
        for item, _ in late:
            if _is_cost(item):
                assert item.engagement is not None
                currency, exposed = item.engagement.currency, item.billings[0].amount
                kind: ItemKind = "expense_item" if item.kind == "expense_item" else "supplier_cost"
                yield _leak("L08", item.id, kind, "timing_delay", currency, ZERO, exposed)


def _is_cost(item: Item) -> bool:
    return item.kind in ("expense_item", "supplier_cost")


def _currency_difference(book: Book, payment: Payment, invoice: Invoice) -> Leak | None:
    """What a payment in a foreign currency is worth on its day against the day of the invoice."""
    home = HOME[invoice.legal_entity or ""]
    assert invoice.posted_on is not None
    then = book.convert(payment.amount, payment.currency, home, invoice.posted_on)
    now = book.convert(payment.amount, payment.currency, home, payment.paid_on)
    if then == now:
        return None
    return _leak("L35", payment.id, "payment", "not_leakage", home, ZERO, abs(now - then))


class _About:
    """What is known about the invoices at the end of a day."""

    def __init__(self, book: Book, as_of: date, invoices: list[Invoice], paid: dict[str, list[Payment]]) -> None:
        self.as_of, self.paid = as_of, paid
        self.credits: defaultdict[str, list[Invoice]] = defaultdict(list)
        for invoice in invoices:
            if invoice.kind == "credit_memo" and invoice.status == "posted":
                self.credits[invoice.original_invoice or ""].append(invoice)
        self.domestic = {c.id for c in _facts(book, "customers", as_of) if c.country == TAXED_COUNTRY}
        self.disputed: defaultdict[str, Decimal] = defaultdict(Decimal)
        for dispute in _facts(book, "disputes", as_of):
            if dispute.resolved_on is None:
                self.disputed[dispute.invoice] += dispute.amount
        self.written_off: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.unapproved: defaultdict[str, Decimal] = defaultdict(Decimal)
        for write_off in _facts(book, "write_offs", as_of):
            self.written_off[write_off.invoice] += write_off.amount
            limit = AUTHORITY.get(write_off.approver_role or "", ZERO)
            if not (write_off.reason and write_off.approver) or write_off.amount > limit:
                self.unapproved[write_off.invoice] += write_off.amount

    def judge(self, invoice: Invoice) -> Iterator[Leak]:
        net = sum((line.amount for line in invoice.lines if line.amount is not None), ZERO)
        if invoice.status == "draft":
            if add_business_days(invoice.issued_on, STUCK_SLA) < self.as_of:
                yield self._money("L24", invoice, "timing_delay", ZERO, net)
            return
        if invoice.legal_entity in TAXED and invoice.customer in self.domestic:
            difference = abs(cents(net * TAX_PCT / HUNDRED) - invoice.tax_amount)
            if difference > 1:
                yield self._money("L36", invoice, "control_gap", ZERO, difference)
        credits = self.credits[invoice.id]
        credited_net = -sum((line.amount or ZERO for c in credits for line in c.lines), ZERO)
        credited = credited_net - sum((c.tax_amount for c in credits), ZERO)
        paid = sum((p.amount for p in self.paid[invoice.id]), ZERO)
        explained = sum((p.withholding_tax for p in self.paid[invoice.id]), ZERO)
        explained += sum((p.deduction for p in self.paid[invoice.id] if p.deduction_reason), ZERO)
        still_open = net + invoice.tax_amount - credited - paid - explained - self.written_off[invoice.id]
        disputed = min(net, self.disputed[invoice.id])
        if disputed:
            yield self._money("L21", invoice, "at_risk", disputed)
        if self.unapproved[invoice.id]:
            yield self._money("L23", invoice, "confirmed_loss", self.unapproved[invoice.id])
        yield from self._stuck(invoice, net, min(net - credited_net, still_open))
        assert invoice.due_on is not None
        missing = still_open - disputed
        if paid and missing > SHORTPAY_TOLERANCE and invoice.due_on + timedelta(days=SHORTPAY_GRACE) < self.as_of:
            yield self._money("L41", invoice, "at_risk", missing)

    def _stuck(self, invoice: Invoice, net: Decimal, own: Decimal) -> Iterator[Leak]:
        """Refused by the customer's portal and not sent again."""
        refused = invoice.rejected_on
        if refused is None or own <= 0 or (invoice.sent_on and invoice.sent_on > refused):
            return
        if (self.as_of - refused).days > STUCK_LOSS:
            yield self._money("L24", invoice, "at_risk", own, net)
        elif add_business_days(refused, STUCK_SLA) < self.as_of:
            yield self._money("L24", invoice, "timing_delay", ZERO, net)

    def _money(
        self, detector: str, invoice: Invoice, verdict: Verdict, amount: Decimal, exposed: Decimal | None = None
    ) -> Leak:
        return _leak(detector, invoice.id, "invoice", verdict, invoice.currency, amount, exposed)
