"""What may be asked, as JSON. Money, hours and rates are text with an exact decimal; a number with a point is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


def _in_calendar(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must be between {FIRST_DAY} and {LAST_DAY}")
    return day


Day = Annotated[
    date, AfterValidator(_in_calendar), Field(description=f"A local business date from {FIRST_DAY} to {LAST_DAY}.")
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
RecordId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    Field(description="Our id, or that of any connected system as SYSTEM:ID."),
]
ProjectId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    Field(description="Our id, that of any connected system as SYSTEM:ID, or the project's code."),
]
PersonId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    Field(description="Our id, that of any connected system as SYSTEM:ID, or an e-mail address."),
]
Hours = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}(\.[0-9]{1,4})?$"), Field(examples=["7.5"])]
Amount = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"), Field(examples=["120.50"])]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217 code.")]


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TimeEntryQuestion(_Question):
    """An entry of time that somebody is about to submit."""

    project_id: ProjectId
    person: PersonId
    work_date: Day
    hours: Hours
    role: Name | None = Field(None, description="The person's own role when it is left out.")
    is_billable: bool = True
    change_order_id: RecordId | None = Field(None, description="The change order that it is worked for.")

    @property
    def exact_hours(self) -> Decimal:
        return Decimal(self.hours)


class ExpenseQuestion(_Question):
    """An expense that somebody is about to submit."""

    project_id: ProjectId
    person: PersonId | None = None
    expense_date: Day
    amount: Amount = Field(description="What was paid, tax included.")
    recoverable_tax_amount: Amount = Field("0", description="The part of it that the firm gets back.")
    currency: Currency
    category: Name | None = None
    is_billable: bool = True


class ProjectQuestion(_Question):
    """A project that somebody is about to create."""

    name: Name
    customer_id: RecordId
    contract_line_id: RecordId | None = None
    parent_project_id: ProjectId | None = Field(None, description="The project that it is a phase of.")
    project_type: Literal["billable", "internal", "presales"] = "billable"
    start_date: Day | None = None
    end_date: Day | None = None
