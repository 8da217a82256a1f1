"""The answer key's view of one contract line: its cap, its fixed price, its set-up and its revenue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from ingestion.sandbox.firm.basics import add_business_days, month_end
from ingestion.sandbox.firm.items import Item
from ingestion.sandbox.firm.key import CATEGORIES, ItemKind, Leak, Verdict
from ingestion.sandbox.firm.model import Engagement

SETUP_SLA = 3
"""Business days from the win in which the project must be ready."""
CAP_WARNING = Decimal("0.8")
ZERO = Decimal(0)


def judge_contract(e: Engagement, as_of: date) -> Iterator[Leak]:
    """A cap that is used up, a fixed price that does not pay for the work, and a set-up that took too long."""
    price = e.terms["amount"] + sum((c.amount for c in e.changes if c.approved_on <= as_of), ZERO)
    if "cap_amount" in e.terms:
        cap = e.terms["cap_amount"] + sum((c.cap_delta for c in e.changes if c.approved_on <= as_of), ZERO)
        committed = _delivered(e, as_of, entitled=True)
        if committed >= cap * CAP_WARNING:
            verdict: Verdict = "not_leakage" if committed > cap else "control_gap"
            yield _leak("L31", e, e.line, "contract_line", verdict, max(ZERO, committed - cap))
    if e.method in ("fixed_milestone", "fixed_progress"):
        needed = max(_delivered(e, as_of, entitled=False), e.terms.get("estimate_at_completion", ZERO))
        if needed > price and e.signed_on is not None and e.signed_on <= as_of:
            yield _leak("L19", e, e.line, "contract_line", "not_leakage", needed - price)
    assert e.won_on is not None and e.set_up_on is not None
    due = add_business_days(e.won_on, SETUP_SLA)
    if min(as_of, e.set_up_on) > due:
        parked = sum((i.value or ZERO for i in e.items if i.is_parked and not i.billings), ZERO)
        yield _leak("L26", e, e.contract, "engagement", "control_gap", parked)


def _delivered(e: Engagement, as_of: date, *, entitled: bool) -> Decimal:
    """The value of time and suppliers' lines (submitted or approved) that is paid for, or that a fixed fee includes."""

    def counts(item: Item) -> bool:
        if item.happened_on > as_of or item.status(as_of) not in ("submitted", "approved"):
            return False
        if entitled:
            return item.is_entitled and item.kind in ("time_entry", "supplier_cost")
        return item.kind == "time_entry" and item.is_billable

    return sum((i.value for i in e.items if counts(i) and i.value is not None), ZERO)


def judge_recognition(e: Engagement, as_of: date) -> Iterator[Leak]:
    """The planted error of a contract line's revenue; a wrong period is a shortfall until the next month."""
    error = e.revenue_error
    if error is None or error.month > as_of or not error.difference:
        return
    made_up_on = month_end(error.month + timedelta(days=1))
    rule = "R01" if error.rule == "R03" and as_of < made_up_on else error.rule
    leak = _leak(rule, e, e.line, "contract_line", "compliance", error.difference)
    yield leak.model_copy(update={"reason": f"{error.month:%Y-%m}"})


def _leak(detector: str, e: Engagement, item: str, kind: ItemKind, verdict: Verdict, exposed: Decimal) -> Leak:
    return Leak(
        detector=detector,
        category=CATEGORIES[detector],
        item=item,
        item_kind=kind,
        verdict=verdict,
        amount=Decimal("0.00"),
        currency=e.currency,
        exposed_amount=exposed,
    )
