"""What may be asked, as JSON. Money, hours and rates are text with an exact decimal; a number with a point is refused."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


def _in_calendar(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must be between {FIRST_DAY} and {LAST_DAY}")
    return day


Day = Annotated[
    date,
    AfterValidator(_in_calendar),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
            "description": f"A local business date from {FIRST_DAY} to {LAST_DAY}.",
        }
    ),
]
# Nothing that people or systems call something by has a control character in it.
_Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Name = _Text
RecordId = Annotated[_Text, Field(description="Our id, or that of any connected system as SYSTEM:ID.")]
ProjectId = Annotated[
    _Text, Field(description="Our id, that of any connected system as SYSTEM:ID, or the project's code.")
]
PersonId = Annotated[
    _Text, Field(description="Our id, that of any connected system as SYSTEM:ID, or an e-mail address.")
]
Hours = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}(\.[0-9]{1,4})?$"), Field(examples=["7.5"])]
Amount = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"), Field(examples=["120.50"])]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217 code.")]


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RateQuestion(_Question):
    """Work that a rate is wanted for: on a project, or on a contract line, by a person or a role."""

    project_id: ProjectId | None = None
    contract_line_id: RecordId | None = None
    person: PersonId | None = None
    role: Name | None = Field(None, description="The person's own role when it is left out.")
    day: Day | None = Field(
        None, alias="date", description="The day of the work; the register's date when it is left out."
    )


class TimeEntryQuestion(_Question):
    """An entry of time that somebody is about to submit."""

    project_id: ProjectId
    person: PersonId
    work_date: Day
    hours: Hours
    role: Name | None = Field(None, description="The person's own role when it is left out.")
    is_billable: bool = True
    change_order_id: RecordId | None = Field(None, description="The change order that it is worked for.")


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
