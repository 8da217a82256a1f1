"""The answer key: what was planted, judged as of a date. Only tests may read it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel

ZERO = Decimal(0)
CATEGORIES = {
    "L01": "unbilled_approved_time",
    "L02": "unapproved_time",
    "L03": "missing_time",
    "L04": "phantom_billed",
    "L05": "missing_rate",
    "L06": "billing_hold_stale",
    "L07": "expense_unrebilled",
    "L08": "expense_late",
    "L09": "rebill_under",
    "L10": "expense_rejected_lost",
    "L11": "supplier_passthrough",
    "L12": "rate_variance_under",
    "L13": "rate_variance_over",
    "L14": "rate_uplift_missed",
    "L15": "discount_or_tier_error",
    "L16": "milestone_unbilled",
    "L17": "change_order_gap",
    "L18": "unapproved_scope",
    "L19": "fixed_fee_overrun",
    "L20": "contract_value_drift",
    "L21": "dispute_open",
    "L22": "credit_not_rebilled",
    "L23": "write_off_unapproved",
    "L24": "invoice_stuck",
    "L25": "invoice_delay",
    "L26": "project_setup_late",
    "L27": "duplicate_project",
    "L28": "duplicate_billing",
    "L29": "retainer_overage_unbilled",
    "L30": "retainer_expired_unrecognised",
    "L31": "cap_reached",
    "L32": "min_commitment_shortfall",
    "L33": "retainage_unreleased",
    "L34": "intercompany_gap",
    "L35": "fx_difference",
    "L36": "tax_difference",
    "L37": "closed_project_wip",
    "L38": "sync_failure",
    "L39": "unexplained_writedown",
    "L41": "shortpay_unexplained",
    "R01": "revrec_under",
    "R02": "revrec_over",
    "R03": "revrec_period",
    "R04": "revrec_billing",
    "R05": "position_mismatch",
    "R06": "wip_not_reversed",
    "R07": "schedule_missing",
    "R08": "modification_not_reflected",
    "R09": "loss_provision_missing",
}
MONEY = ("at_risk", "confirmed_loss", "overbilling")
"""Verdicts whose amounts are counted in totals."""

ItemKind = Literal[
    "time_entry",
    "expense_item",
    "supplier_cost",
    "milestone",
    "progress",
    "retainer",
    "change_order",
    "payment",
    "invoice",
    "contract_line",
    "engagement",
    "project",
    "person",
]
Verdict = Literal[
    "at_risk",
    "confirmed_loss",
    "overbilling",
    "timing_delay",
    "indeterminate",
    "compliance",
    "control_gap",
    "not_leakage",
]


class Leak(BaseModel):
    """One planted finding, amounts in ``currency``.

    ``item`` is a fact's id: ``<milestone>/<customer>`` for a share, the contract line for an error of recognition,
    whose ``reason`` is then the month (``YYYY-MM``) in which the books went wrong.
    """

    detector: str
    category: str
    item: str
    item_kind: ItemKind
    verdict: Verdict
    amount: Decimal | None
    currency: str
    exposed_amount: Decimal | None = None
    reason: str | None = None


class Estimate(BaseModel):
    """Time that a person worked in the week from Monday ``week`` and never logged, at the agreed rates."""

    item: str
    week: date
    amount: Decimal
    currency: str


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
    """Everything that an exact detector finds, and must not find, at the end of ``as_of``.

    ``estimates`` are apart: nobody can know what was never written down, so no detector finds it exactly.
    """

    as_of: date
    leaks: list[Leak]
    traps: list[Trap]
    estimates: list[Estimate]
    totals: dict[str, Totals]

    def count(self) -> Counter[str]:
        """Number of leaks per detector."""
        return Counter(leak.detector for leak in self.leaks)


def totals(leaks: list[Leak], entitled: dict[str, Decimal]) -> dict[str, Totals]:
    """The money of the leaks and of what was earned, by currency."""
    sums: defaultdict[str, Totals] = defaultdict(Totals)
    for currency, amount in entitled.items():
        sums[currency].entitled = amount
    for leak in leaks:
        if leak.verdict in MONEY:
            total = sums[leak.currency]
            setattr(total, leak.verdict, getattr(total, leak.verdict) + leak.amount)
    return dict(sorted(sums.items()))
