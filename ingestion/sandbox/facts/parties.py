"""Who the firm is and whom it serves: legal entities, customers, people and how they work."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingestion.sandbox.facts.base import Currency, Exact, Fact, Unlinked


class LegalEntity(Fact):
    """One company of the firm."""

    name: str = ""
    currency: Currency = "USD"
    country: str = "US"
    timezone: str = Field("UTC", description="name in the tz database; its days begin and end there")


class FxRate(Fact):
    """One published rate: 1 ``from_currency`` = ``rate`` ``to_currency`` on ``rate_date``."""

    id: str = ""
    from_currency: Currency
    to_currency: Currency
    rate_date: date
    rate: Exact
    rate_type: Literal["spot", "month_avg"] = "spot"

    @model_validator(mode="after")
    def _default_id(self) -> FxRate:
        self.id = self.id or f"FX-{self.from_currency}-{self.to_currency}-{self.rate_date}-{self.rate_type}"
        return self


class Customer(Fact):
    """One billable party."""

    name: str = ""
    currency: Currency = "USD"
    country: str = "US"
    parent: str | None = None
    payment_terms_days: int = 30
    merged_into: str | None = None
    tax_id: str | None = Field(None, description="registration for sales tax, such as a VAT number")
    represents: str | None = Field(None, description="legal entity of the firm that this customer stands for")
    former_names: list[str] = Field([], description="names it had before it was renamed, as its record still says")
    is_unlinked: Unlinked = False


class Resource(Fact):
    """A person who delivers work. ``email`` is the key that people carry across systems."""

    name: str = ""
    email: str = ""
    email_aliases: list[str] = Field([], description="further addresses that the person's own record lists")
    role: str = "Consultant"
    legal_entity: str | None = None
    kind: Literal["employee", "contractor"] = "employee"
    cost_rate: Exact | None = None
    cost_currency: Currency = "USD"
    hired_on: date | None = Field(None, description="first day of employment; none given = not known")
    terminated_on: date | None = Field(None, description="last day of employment")
    manager: str | None = Field(None, description="the person that this one reports to")
    org_unit: str | None = None
    work_calendar: str | None = None
    is_unlinked: Unlinked = False

    @model_validator(mode="after")
    def _default_email(self) -> Resource:
        self.email = self.email or f"{self.id.lower().replace(' ', '.')}@firm.example"
        return self


class OrgUnit(Fact):
    """A part of the firm's organisation; units of one type form a tree."""

    name: str = ""
    type: Literal["supervisory", "cost_center", "company", "region"] = "supervisory"
    code: str = ""
    parent: str | None = None
    manager: str | None = Field(None, description="the person who leads it")


class Holiday(BaseModel):
    """A day on which nobody of a work calendar has to work."""

    model_config = ConfigDict(extra="forbid")
    holiday_date: date
    name: str = ""


class WorkCalendar(Fact):
    """How much people work on a weekday, and on which days they do not."""

    name: str = ""
    country: str = "US"
    hours_per_day: Exact = Decimal("8")
    holidays: list[Holiday] = []


class Leave(Fact):
    """Absence of one person on one local date."""

    resource: str
    leave_date: date
    hours: Exact = Decimal("8")
    type: str = Field("Vacation", description="what the firm calls this kind of absence")
    status: Literal["requested", "approved", "cancelled"] = "approved"
