"""What was delivered: projects, bookings, time, milestones and progress."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingestion.sandbox.facts.base import Exact, Fact, Timestamp, Unlinked


class Project(Fact):
    """A delivery project. ``code`` is the key that expense and procurement systems carry (letters and digits)."""

    name: str = ""
    code: str = ""
    customer: str | None = None
    contract_line: str | None = None
    kind: Literal["billable", "internal", "presales"] = "billable"
    status: Literal["planned", "active", "closed"] = "active"
    starts_on: date | None = None
    ends_on: date | None = None
    merged_into: str | None = None
    parent: str | None = Field(None, description="project that this one is a phase of")
    manager: str | None = None
    service_line: str | None = Field(None, description="what the firm sells with it, as in Advisory")
    is_excluded_from_billing: bool = Field(False, description="set in the delivery system: its billing run skips it")
    is_unlinked: Unlinked = False

    @model_validator(mode="after")
    def _default_code(self) -> Project:
        self.code = self.code or "".join(c for c in self.id.upper() if c.isalnum())
        return self


class Assignment(Fact):
    """A booking of a resource on a project, ``hours_per_day`` on each working day of [starts_on, ends_on]."""

    project: str
    resource: str
    starts_on: date
    ends_on: date
    hours_per_day: Exact = Decimal("8")
    is_hard: bool = True
    role: str | None = None


class Hold(BaseModel):
    """A billing hold on an item."""

    model_config = ConfigDict(extra="forbid")
    reason: str | None = None
    placed_on: date
    expires_on: date | None = None


class TimeEntry(Fact):
    """Work of one resource on one local date. Omitted ``billable_hours`` means all hours."""

    project: str
    resource: str
    work_date: date
    hours: Exact
    billable_hours: Exact | None = None
    submitted_billable_hours: Exact | None = Field(
        None, description="billable hours as submitted, where the approver changed them"
    )
    writedown_reason: str | None = Field(None, description="why the approver took billable hours away")
    change_order: str | None = Field(None, description="change order that the work is for")
    is_billable: bool = True
    role: str | None = Field(None, description="defaults to the resource's role")
    status: Literal["draft", "submitted", "approved", "rejected"] = "approved"
    submitted_at: Timestamp | None = None
    approved_at: Timestamp | None = None
    approver: str | None = None
    applied_rate: Exact | None = Field(None, description="hourly rate the PSA put on the entry")
    is_marked_billed: bool = False
    hold: Hold | None = None
    note: str = ""
    task: str | None = None


class Milestone(Fact):
    """A billable milestone. ``shares`` (customer -> percent) splits it over several customers."""

    contract_line: str
    project: str | None = None
    name: str = ""
    amount: Exact
    due_on: date | None = None
    accepted_on: date | None = None
    deemed_on: date | None = Field(
        None, description="day on which the contract takes it for accepted when the customer has said nothing by then"
    )
    shares: dict[str, Exact] = {}


class ProgressReport(Fact):
    """Completion of a fixed fee that the customer accepted: ``completed_pct`` of the contract line, to date."""

    contract_line: str
    project: str | None = None
    reported_on: date
    accepted_on: date | None = None
    completed_pct: Exact
