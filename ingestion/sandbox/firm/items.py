"""Something that the firm may bill, from the work to the invoice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from ingestion.sandbox.facts import TimeEntry
from ingestion.sandbox.firm.basics import add_business_days, at, month_end

if TYPE_CHECKING:
    from ingestion.sandbox.firm.model import Engagement

APPROVAL_SLA = 3
"""Business days from submission in which an approver must decide."""
ISSUE_SLA = 5
"""Business days from cut-off (or acceptance of a milestone) in which the invoice must be posted."""

ItemKind = Literal["time_entry", "expense_item", "supplier_cost", "milestone", "progress", "commitment"]
Treatment = Literal["bill", "never", "phantom", "draft_only", "catch_up"]


@dataclass(slots=True)
class Billing:
    """An item's amount on a posted invoice line (negative on a credit memo), in contract currency."""

    invoice: str
    posted_on: date
    amount: Decimal


@dataclass(slots=True, eq=False)
class Item:
    """Something that the firm may bill: a time entry, an expense, a supplier's line or a milestone (or share of one).

    ``value`` is what the contract entitles the firm to, in contract currency; None if nobody agreed a price, and None
    without an engagement. ``is_entitled`` is false for what the contract does not pay separately.
    """

    id: str
    kind: ItemKind
    happened_on: date
    engagement: Engagement | None = None
    project: str = ""
    value: Decimal | None = None
    is_entitled: bool = True
    resource: str = ""
    role: str = ""
    hours: Decimal = Decimal(0)
    billable_hours: Decimal | None = None
    is_billable: bool = True
    rate: Decimal | None = None
    applied_rate: Decimal | None = None
    customer: str | None = None
    submitted_at: datetime | None = None
    rejected_at: datetime | None = None
    resubmitted_at: datetime | None = None
    approved_at: datetime | None = None
    marked_at: datetime | None = None
    hold: dict[str, Any] | None = None
    change_order: str | None = None
    is_written_down: bool = False
    """The approver left only ``billable_hours`` of ``hours``; ``value`` is what is left."""
    writedown_reason: str | None = None
    written_down: Decimal = Decimal(0)
    """What the hours that were taken off are worth, where nobody said why."""
    lost: Decimal = Decimal(0)
    """Part of the value whose right lapsed before the work: a rise that was not announced in time."""
    kept_back: Decimal = Decimal(0)
    """What the customer kept back of the invoice, to be released by ``release_on``."""
    release_on: date | None = None
    unbilled_as: str | None = None
    """Detector that finds the item while it is unbilled, if not the one of its kind."""
    underbilled_as: str | None = None
    overbilled_as: str | None = None
    treatment: Treatment = "bill"
    bill_amount: Decimal | None = None
    """What the biller charges when that is not the value."""
    is_parked: bool = False
    """Logged on a project of the firm itself, because the engagement's own did not exist yet."""
    trap: str | None = None
    """Why the item looks like a leak and is none."""
    billings: list[Billing] = field(default_factory=list)

    @property
    def approved_on(self) -> date | None:
        return self.approved_at.date() if self.approved_at else None

    def submitted_on(self, as_of: date) -> date | None:
        """The submission that was open or decided at ``as_of``."""
        for moment in (self.resubmitted_at, self.submitted_at):
            if moment and moment.date() <= as_of:
                return moment.date()
        return None

    def status(self, as_of: date) -> str:
        """The item's approval status at the end of ``as_of``."""
        steps = (
            ("approved", self.approved_at),
            ("submitted", self.resubmitted_at),
            ("rejected", self.rejected_at),
            ("submitted", self.submitted_at),
        )
        return next((name for name, when in steps if when and when.date() <= as_of), "draft")

    def expected_on(self, as_of: date) -> date | None:
        """The date by which the contract's calendar expects the item on a posted invoice, as known at ``as_of``."""
        if self.kind in ("milestone", "progress", "commitment"):
            return add_business_days(self.happened_on, ISSUE_SLA)
        approved = self.approved_on if self.approved_on and self.approved_on <= as_of else None
        if self.kind != "time_entry":
            return add_business_days(month_end(approved), ISSUE_SLA) if approved else None
        cutoff = month_end(self.happened_on)
        submitted = self.submitted_on(as_of)
        if approved and submitted and cutoff < approved <= add_business_days(submitted, APPROVAL_SLA):
            cutoff = month_end(approved)
        return add_business_days(cutoff, ISSUE_SLA)

    def time_entry(self, moment: datetime) -> TimeEntry | None:
        """The time entry as it stood at ``moment``."""
        created = at(self.happened_on, 13)
        if created > moment:
            return None
        values: dict[str, Any] = {"status": "draft"}
        values["billable_hours"] = None if self.is_written_down else self.billable_hours
        left: dict[str, Any] = {}
        if self.is_written_down:
            left = {"billable_hours": self.billable_hours, "submitted_billable_hours": self.hours}
            left["writedown_reason"] = self.writedown_reason
        updated = created
        steps: list[tuple[datetime | None, dict[str, Any]]] = [
            (self.submitted_at, {"status": "submitted", "submitted_at": self.submitted_at}),
            (self.rejected_at, {"status": "rejected"}),
            (self.resubmitted_at, {"status": "submitted", "submitted_at": self.resubmitted_at}),
            (
                self.approved_at,
                {
                    "status": "approved",
                    "approved_at": self.approved_at,
                    "approver": self.engagement.manager if self.engagement else None,
                    **left,
                },
            ),
            (at(self.hold["placed_on"], 9) if self.hold else None, {"hold": self.hold}),
            (self.marked_at, {"is_marked_billed": True}),
        ]
        for when, change in steps:
            if when and when <= moment:
                values |= change
                updated = max(updated, when)
        return TimeEntry(
            id=self.id,
            created_at=created,
            updated_at=updated,
            project=self.project,
            resource=self.resource,
            work_date=self.happened_on,
            hours=self.hours,
            change_order=self.change_order,
            is_billable=self.is_billable,
            role=self.role,
            applied_rate=self.applied_rate,
            **values,
        )
