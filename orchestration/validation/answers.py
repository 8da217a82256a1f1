"""What is answered, as JSON. Money is exact text with its currency beside it; what is not known is null, never zero."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from orchestration import register

Outcome = Literal["ok", "warning", "failed", "cannot_be_judged"]
Verdict = Literal["ok", "refused", "cannot_be_judged"]


class Money(BaseModel):
    """An exact amount."""

    amount: str = Field(pattern=r"^-?[0-9]+\.[0-9]{2,6}$", examples=["1640.00"])
    currency: str = Field(examples=["EUR"])

    @classmethod
    def of(cls, amount: Decimal | None, currency: str | None) -> Money | None:
        """None when the amount or its currency is not known."""
        return None if amount is None or currency is None else cls(amount=register.money(amount), currency=currency)


class Record(BaseModel):
    """A record that the answer stands on, by its system's own id."""

    type: str = Field(examples=["rate_card_line"])
    id: str = Field(description="SYSTEM:ID")


class FeedState(BaseModel):
    """How far the data of a domain reaches. ``missing``: no system serves it."""

    domain: str
    system: str | None
    status: Literal["fresh", "stale", "never_loaded", "missing"]
    complete_through: datetime | None = Field(description="UTC")


class Basis(BaseModel):
    """What an answer rests on: the day it holds for, the publication, and the feeds that it needed."""

    valid_on: date = Field(description="The business date that the rules were applied for.")
    as_of: date = Field(description="The business date of the published register.")
    published_at: datetime
    run_id: str
    feeds: list[FeedState]
    records: list[Record]


class KnownAs(BaseModel):
    """A record of one system that stands for the same thing, and what says so."""

    id: str = Field(description="SYSTEM:ID")
    match_method: str | None
    confidence: str | None


class ContractLine(BaseModel):
    """What was agreed."""

    contract_line_id: str
    engagement_id: str | None
    name: str | None
    billing_method: str | None
    currency: str | None
    start_date: date | None
    end_date: date | None
    cap: Money | None = Field(description="Cap of the fees before change orders.")
    expense_policy: str | None
    expense_cap: Money | None


class CustomerAnswer(BaseModel):
    """Who is billed."""

    customer_id: str
    name: str | None
    country: str | None
    currency: str | None
    payment_terms_days: int | None
    parent_customer_id: str | None
    is_deleted: bool
    known_as: list[KnownAs]
    contract_lines: list[ContractLine]
    basis: Basis


class DuplicateOf(BaseModel):
    """The project that this one repeats, and by which rule."""

    project_id: str
    reason: str = Field(examples=["same_contract_line", "same_name"])


class ProjectAnswer(BaseModel):
    """Where work and costs are booked."""

    project_id: str
    effective_project_id: str = Field(description="The project that stands for it after merges; itself without one.")
    name: str | None
    project_code: str | None
    project_type: str | None
    status: str | None
    is_open: bool | None = Field(description="Whether work can be booked on it; null when that is not known.")
    start_date: date | None
    end_date: date | None
    customer_id: str | None
    manager_email: str | None
    contract_line: ContractLine | None
    duplicate_of: DuplicateOf | None
    known_as: list[KnownAs]
    basis: Basis


class RateCard(BaseModel):
    """The line of the rate card that applies: its id and the days that it holds for are its version."""

    rate_card_id: str
    name: str | None
    scope_type: str | None
    rate_card_line_id: str
    role: str | None
    person: str | None = Field(description="E-mail address of the person that the line names.")
    valid_from: date | None
    valid_to: date | None = Field(description="First day on which it does not hold any more.")
    hourly_rate: Money | None = Field(description="As printed on the card.")


class RateAnswer(BaseModel):
    """The hourly rate that holds on the day."""

    outcome: Literal["ok", "cannot_be_judged"]
    reason: str | None = Field(description="Why there is no rate.", examples=["missing_rate", "rate_card_overlap"])
    why: str = Field(description="Why this rate, or none, in one sentence.")
    contract_line_id: str | None
    role: str | None
    hourly_rate: Money | None = Field(description="With the yearly rise of the contract.")
    yearly_rise: Money | None = Field(description="The part of the hourly rate that the contract's rise makes.")
    is_rise_lost: bool = Field(description="The rise was not announced in time: it is agreed and cannot be billed.")
    card: RateCard | None
    basis: Basis


class Check(BaseModel):
    """One thing that was looked at."""

    check: str = Field(examples=["project_open"])
    outcome: Outcome
    reason: str | None = Field(examples=["project_closed"])
    detail: str


class ValidationAnswer(BaseModel):
    """What the ledger would say of the record. ``ok`` only when every check could be made and none failed."""

    verdict: Verdict
    checks: list[Check]
    value: Money | None = Field(description="What it adds to the invoice; null when it adds nothing or is not known.")
    hourly_rate: Money | None
    basis: Basis
