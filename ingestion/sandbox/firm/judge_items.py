"""The answer key's view of one billable item: which detectors find it at the end of a day, and with what amount."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from ingestion.sandbox.firm.basics import add_business_days, month_end
from ingestion.sandbox.firm.items import APPROVAL_SLA, ISSUE_SLA, Billing, Item
from ingestion.sandbox.firm.key import CATEGORIES, Leak, Verdict
from ingestion.sandbox.firm.model import Engagement

BACK_BILLING_DAYS = 180
"""Days from the expected invoice date in which unbilled items can still be billed."""
CORRECTION_DAYS = 90
"""Days from posting in which a wrong price can still be corrected."""
HOLD_DAYS = 30
"""Age from which a billing hold is stale."""
CREDIT_DAYS = 30
"""Days in which a credit for an error must be billed again."""
RESUBMISSION_DAYS = 30
"""Days in which a rejected expense must be handed in again."""
UNBILLED = {
    "time_entry": "L01",
    "expense_item": "L07",
    "supplier_cost": "L11",
    "milestone": "L16",
    "progress": "L16",
    "commitment": "L32",
}
NEVER_DUE = {"over_cap", "over_expense_cap"}
ZERO = Decimal(0)


def judge_item(item: Item, e: Engagement, as_of: date) -> Iterator[Leak]:
    """What the item leaks, if it has leaked by ``as_of``: one part of its value per leak."""
    if item.trap in NEVER_DUE:
        return
    approved = item.approved_on is not None and item.approved_on <= as_of
    if item.value is None:
        if approved:
            yield _leak("L05", item, e, "indeterminate", None)
        return
    billings = [b for b in item.billings if b.posted_on <= as_of]
    if approved and item.written_down:
        yield _leak("L39", item, e, _unbilled_verdict(item, as_of), item.written_down)
    if approved and item.lost:
        yield _leak("L14", item, e, "confirmed_loss", item.lost)
    if billings:
        yield from _billed(item, e, billings, as_of)
    elif leak := _unbilled(item, e, as_of, is_approved=approved):
        yield leak


def _billed(item: Item, e: Engagement, billings: list[Billing], as_of: date) -> Iterator[Leak]:
    """A wrong price, a credit that was never billed again, or what the customer still keeps back."""
    assert item.value is not None
    billed, value = sum((b.amount for b in billings), ZERO), item.value - item.lost
    posted = max(b.posted_on for b in billings if b.amount > 0)
    if billed == 0:
        if billings[-1].posted_on + timedelta(days=CREDIT_DAYS) < as_of:
            yield _leak("L22", item, e, _unbilled_verdict(item, as_of), value)
    elif billed > value:
        yield _leak(item.overbilled_as or "L13", item, e, "overbilling", billed - value)
    elif billed < value:
        verdict: Verdict = "at_risk" if as_of <= posted + timedelta(days=CORRECTION_DAYS) else "confirmed_loss"
        detector = item.underbilled_as or ("L12" if item.kind == "time_entry" else "L09")
        yield _leak(detector, item, e, verdict, value - billed)
    if item.release_on and item.release_on < as_of:
        yield _leak("L33", item, e, "at_risk", item.kept_back)


def _unbilled(item: Item, e: Engagement, as_of: date, *, is_approved: bool) -> Leak | None:
    assert item.value is not None
    status = item.status(as_of)
    detector: str | None = None
    if item.unbilled_as == "L18" and status in ("submitted", "approved"):
        detector = "L18"
    elif item.kind == "expense_item" and status == "rejected":
        assert item.rejected_at is not None
        if item.rejected_at.date() + timedelta(days=RESUBMISSION_DAYS) < as_of:
            return _leak("L10", item, e, "at_risk", item.value)
    elif item.kind == "time_entry" and status == "submitted":
        submitted = item.submitted_on(as_of)
        if submitted and add_business_days(submitted, APPROVAL_SLA) < as_of:
            detector = "L02"
    elif is_approved and (due := item.expected_on(as_of)) and due < as_of:
        detector = _past_due(item, as_of)
    return _leak(detector, item, e, _unbilled_verdict(item, as_of), item.value - item.lost) if detector else None


def _past_due(item: Item, as_of: date) -> str | None:
    """Which detector finds an approved item that should be on a posted invoice and is not."""
    hold = item.hold if item.hold and item.hold["placed_on"] <= as_of else None
    if hold and "dispute" in (hold["reason"] or ""):
        return "L21"
    if item.unbilled_as == "L37":
        return "L37"
    if item.marked_at is not None and item.marked_at.date() <= as_of:
        return "L04"
    if hold:
        is_stale = not hold["reason"] or not hold.get("expires_on")
        return "L06" if is_stale or (as_of - hold["placed_on"]).days > HOLD_DAYS else None
    return item.unbilled_as or UNBILLED[item.kind]


def _unbilled_verdict(item: Item, as_of: date) -> Verdict:
    due = item.expected_on(as_of)
    assert due is not None
    return "at_risk" if as_of <= due + timedelta(days=BACK_BILLING_DAYS) else "confirmed_loss"


def _leak(detector: str, item: Item, e: Engagement, verdict: Verdict, amount: Decimal | None) -> Leak:
    # A minimum commitment has no record of its own: the contract line promises it.
    subject, kind = (e.line, "contract_line") if item.kind == "commitment" else (item.id, item.kind)
    return Leak(
        detector=detector,
        category=CATEGORIES[detector],
        item=subject,
        item_kind=kind,  # type: ignore[arg-type]
        verdict=verdict,
        amount=amount,
        currency=e.currency,
    )


def waiting(item: Item, as_of: date) -> str | None:
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
