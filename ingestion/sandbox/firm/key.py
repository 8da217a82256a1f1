"""The answer key: what was planted, judged as of a date. Only tests may read it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel

from ingestion.sandbox.firm.basics import add_business_days, month_end
from ingestion.sandbox.firm.model import APPROVAL_SLA, ISSUE_SLA, Book, Engagement, Item, Posted

BACK_BILLING_DAYS = 180
"""Days from the expected invoice date in which unbilled items can still be billed."""
CORRECTION_DAYS = 90
"""Days from posting in which a wrong price can still be corrected."""
CATEGORIES = {
    "L01": "unbilled_approved_time",
    "L02": "unapproved_time",
    "L04": "phantom_billed",
    "L05": "missing_rate",
    "L07": "expense_unrebilled",
    "L09": "rebill_under",
    "L11": "supplier_passthrough",
    "L12": "rate_variance_under",
    "L13": "rate_variance_over",
    "L16": "milestone_unbilled",
    "L25": "invoice_delay",
    "R01": "revrec_under",
    "R02": "revrec_over",
    "R03": "revrec_period",
    "R04": "revrec_billing",
}
UNBILLED = {"time_entry": "L01", "expense_item": "L07", "supplier_cost": "L11", "milestone": "L16"}
ZERO = Decimal(0)

Verdict = Literal["at_risk", "confirmed_loss", "overbilling", "timing_delay", "indeterminate", "compliance"]


class Leak(BaseModel):
    """One planted finding, amounts in ``currency``.

    ``item`` is a fact's id: ``<milestone>/<customer>`` for a share, the contract line for an error of recognition,
    whose ``reason`` is then the month (``YYYY-MM``) in which the books went wrong.
    """

    detector: str
    category: str
    item: str
    item_kind: Literal["time_entry", "expense_item", "supplier_cost", "milestone", "invoice", "contract_line"]
    verdict: Verdict
    amount: Decimal | None
    currency: str
    exposed_amount: Decimal | None = None
    reason: str | None = None


class Trap(BaseModel):
    """A fact that looks like a leak and is none."""

    item: str
    reason: str


class Totals(BaseModel):
    """Sums in one currency. ``entitled`` is the value of all billable items that had come to be."""

    at_risk: Decimal = ZERO
    confirmed_loss: Decimal = ZERO
    overbilling: Decimal = ZERO
    entitled: Decimal = ZERO

    @property
    def leakage(self) -> Decimal:
        return self.at_risk + self.confirmed_loss


class AnswerKey(BaseModel):
    """Everything that an exact detector finds, and must not find, at the end of ``as_of``."""

    as_of: date
    leaks: list[Leak]
    traps: list[Trap]
    totals: dict[str, Totals]

    def count(self) -> Counter[str]:
        """Number of leaks per detector."""
        return Counter(leak.detector for leak in self.leaks)


def answer_key(book: Book, as_of: date) -> AnswerKey:
    """The planted truth of a firm at the end of ``as_of``."""
    leaks: list[Leak] = []
    totals: defaultdict[str, Totals] = defaultdict(Totals)
    late_traps: list[Trap] = []
    for e in book.engagements:
        for item in (*e.items, *e.milestones):
            if item.happened_on > as_of or not item.is_entitled:
                continue
            totals[e.currency].entitled += item.value or ZERO
            if leak := _judge(item, e, as_of):
                leaks.append(leak)
            elif item.trap is None and (reason := _waiting(item, as_of)):
                late_traps.append(Trap(item=item.id, reason=reason))
        leaks.extend(_recognition(e, as_of))
    leaks.extend(_delays(book.invoices, as_of))
    for leak in leaks:
        if leak.verdict in ("at_risk", "confirmed_loss", "overbilling"):
            total = totals[leak.currency]
            setattr(total, leak.verdict, getattr(total, leak.verdict) + leak.amount)
    found = {leak.item for leak in leaks}
    traps = [Trap(item=item, reason=reason) for since, item, reason in book.traps if since <= as_of]
    traps += [t for t in _item_traps(book, as_of) if t.item not in found] + late_traps
    return AnswerKey(as_of=as_of, leaks=leaks, traps=traps, totals=dict(sorted(totals.items())))


def _judge(item: Item, e: Engagement, as_of: date) -> Leak | None:
    """The one leak of an item, if it has leaked by ``as_of``."""
    billings = [b for b in item.billings if b.posted_on <= as_of]
    approved = item.approved_on is not None and item.approved_on <= as_of
    if item.trap in NEVER_DUE:
        return None
    if item.value is None:
        return _leak("L05", item, e, "indeterminate", None) if approved else None
    if billings:
        return _price_leak(item, e, sum((b.amount for b in billings), ZERO), billings[-1].posted_on, as_of)
    if not approved:
        submitted = item.submitted_on(as_of)
        if item.kind != "time_entry" or submitted is None or item.status(as_of) != "submitted":
            return None
        if add_business_days(submitted, APPROVAL_SLA) >= as_of:
            return None
        return _leak("L02", item, e, _unbilled_verdict(item, as_of), item.value)
    due = item.expected_on(as_of)
    if due is None or due >= as_of:
        return None
    marked = item.marked_at is not None and item.marked_at.date() <= as_of
    return _leak("L04" if marked else UNBILLED[item.kind], item, e, _unbilled_verdict(item, as_of), item.value)


NEVER_DUE = {"billing_hold", "over_cap", "over_expense_cap"}


def _price_leak(item: Item, e: Engagement, billed: Decimal, posted: date, as_of: date) -> Leak | None:
    assert item.value is not None
    if billed == item.value:
        return None
    if billed > item.value:
        return _leak("L13", item, e, "overbilling", billed - item.value)
    verdict: Verdict = "at_risk" if as_of <= posted + timedelta(days=CORRECTION_DAYS) else "confirmed_loss"
    return _leak("L12" if item.kind == "time_entry" else "L09", item, e, verdict, item.value - billed)


def _unbilled_verdict(item: Item, as_of: date) -> Verdict:
    due = item.expected_on(as_of)
    assert due is not None
    return "at_risk" if as_of <= due + timedelta(days=BACK_BILLING_DAYS) else "confirmed_loss"


def _leak(detector: str, item: Item, e: Engagement, verdict: Verdict, amount: Decimal | None) -> Leak:
    return Leak(
        detector=detector,
        category=CATEGORIES[detector],
        item=item.id,
        item_kind=item.kind,
        verdict=verdict,
        amount=amount,
        currency=e.currency,
    )


def _waiting(item: Item, as_of: date) -> str | None:
    """Why an approved item without invoice is in order, if it waits for its run."""
    if (
        item.approved_on is None
        or item.approved_on > as_of
        or any(b.posted_on <= as_of for b in item.billings)
        or item.value is None
    ):
        return None
    due = item.expected_on(as_of)
    if item.kind == "time_entry" and due and due > add_business_days(month_end(item.happened_on), ISSUE_SLA):
        return "late_approval_in_sla"
    return "not_yet_due"


def _item_traps(book: Book, as_of: date) -> Iterator[Trap]:
    for item in book.time:
        if item.trap and item.happened_on <= as_of:
            yield Trap(item=item.id, reason=item.trap)
    for e in book.engagements:
        for item in (*e.items, *e.milestones):
            if item.kind != "time_entry" and item.trap and item.approved_on and item.approved_on <= as_of:
                yield Trap(item=item.id, reason=item.trap)


def _delays(invoices: list[Posted], as_of: date) -> Iterator[Leak]:
    """One delay per invoice that was posted after an item on it was expected."""
    for invoice in invoices:
        if invoice.posted_on > as_of:
            continue
        late = [
            amount
            for item, amount in invoice.amounts
            if (due := item.expected_on(invoice.posted_on)) and due < invoice.posted_on
        ]
        if late:
            yield Leak(
                detector="L25",
                category=CATEGORIES["L25"],
                item=invoice.id,
                item_kind="invoice",
                verdict="timing_delay",
                amount=Decimal("0.00"),
                currency=invoice.currency,
                exposed_amount=sum(late, ZERO),
            )


def _recognition(e: Engagement, as_of: date) -> Iterator[Leak]:
    """The planted error of a contract line's revenue; a wrong period is a shortfall until the next month."""
    error = e.revenue_error
    if error is None or error.month > as_of or not error.difference:
        return
    made_up_on = month_end(error.month + timedelta(days=1))
    rule = "R01" if error.rule == "R03" and as_of < made_up_on else error.rule
    yield Leak(
        detector=rule,
        category=CATEGORIES[rule],
        item=e.line,
        item_kind="contract_line",
        verdict="compliance",
        amount=Decimal("0.00"),
        currency=e.currency,
        exposed_amount=error.difference,
        reason=f"{error.month:%Y-%m}",
    )
