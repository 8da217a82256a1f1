"""What was agreed: opportunities, contracts and their lines, rate cards, change orders, prepaid hours."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingestion.sandbox.facts.base import Currency, Exact, Fact, Timestamp


class Tier(BaseModel):
    """From a cumulative value in a contract year on, work carries this discount (10 = 10 %)."""

    model_config = ConfigDict(extra="forbid")
    from_amount: Exact = Decimal("0")
    discount_pct: Exact


class StageChange(BaseModel):
    """An opportunity entered ``stage`` at ``at``."""

    model_config = ConfigDict(extra="forbid")
    stage: Literal["prospecting", "proposal", "negotiation", "closed_won", "closed_lost"]
    at: Timestamp


class Opportunity(Fact):
    """A deal in the CRM with the history of its stages."""

    customer: str
    name: str = ""
    amount: Exact = Decimal("0")
    currency: Currency = "USD"
    stages: list[StageChange] = []


class Contract(Fact):
    """A signed statement of work (engagement)."""

    customer: str
    legal_entity: str | None = None
    opportunity: str | None = None
    name: str = ""
    currency: Currency = "USD"
    status: Literal["draft", "active", "closed"] = "active"
    signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    po_expires_on: date | None = None
    cap_amount: Exact | None = Field(None, description="most that the fees of all its lines may come to")


class ContractLine(Fact):
    """One priced line of a contract. Percentages are in percent (10 = 10 %)."""

    contract: str
    name: str = ""
    billing_method: Literal[
        "tm", "tm_cap", "fixed_milestone", "fixed_progress", "retainer", "subscription", "cost_plus", "non_billable"
    ] = "tm"
    currency: Currency | None = Field(None, description="defaults to the contract's")
    amount: Exact | None = Field(None, description="contract value (transaction price) of the line")
    cap_amount: Exact | None = Field(None, description="not-to-exceed limit on time and pass-through value")
    discount_pct: Exact = Decimal("0")
    rate_card: str | None = Field(None, description="agreed card; otherwise cards are found by their scope")
    billing_calendar: str | None = None
    passthrough_basis: Literal["cost_plus", "time_at_rate", "none"] = "cost_plus"
    passthrough_markup_pct: Exact = Decimal("0")
    expense_policy: Literal["at_cost", "markup", "inclusive", "non_billable"] = "at_cost"
    expense_markup_pct: Exact = Decimal("0")
    expense_cap_amount: Exact | None = None
    expense_categories: list[str] | None = Field(None, description="chargeable categories; none given = all")
    is_no_charge: bool = False
    discount_ends_on: date | None = Field(None, description="last work date with the discount; none given = no end")
    tiers: list[Tier] = Field([], description="volume discounts by what was worked in a contract year at list price")
    tier_mode: Literal["incremental", "retroactive"] = Field(
        "incremental", description="whether a tier counts for what exceeds it or for the whole contract year"
    )
    uplift_pct: Exact | None = Field(None, description="yearly rise of the rates")
    uplift_on: date | None = Field(None, description="first work date with the rise; it recurs every year")
    uplift_notice_due_on: date | None = Field(None, description="last day to announce the rise, where that is needed")
    uplift_notice_on: date | None = Field(None, description="day it was announced")
    min_commitment_amount: Exact | None = Field(None, description="least that the customer pays in a period")
    min_commitment_period: Literal["month", "quarter", "year"] = "quarter"
    retainage_pct: Exact | None = Field(None, description="share of every invoice that the customer keeps back")
    retainage_release_on: date | None = None
    overage_rate: Exact | None = Field(None, description="hourly rate beyond the prepaid hours; default: the rate card")
    late_fee_pct: Exact | None = Field(None, description="yearly interest on overdue invoices")
    revrec_method: (
        Literal[
            "as_invoiced",
            "cost_to_cost",
            "labour_hours",
            "milestone_output",
            "straight_line",
            "point_in_time",
            "prepaid_drawdown",
        ]
        | None
    ) = None
    estimated_hours: Exact | None = Field(None, description="total expected hours, for labour_hours")
    estimate_at_completion: Exact | None = Field(None, description="total expected cost, contract-line currency")
    starts_on: date | None = None
    ends_on: date | None = None
    final_invoice_on: date | None = None


class RateLine(BaseModel):
    """One rate of a card for dates in [valid_from, valid_to). ``resource`` beats ``role``."""

    model_config = ConfigDict(extra="forbid")
    id: str = ""
    role: str | None = None
    resource: str | None = None
    rate: Exact
    valid_from: date = date(2020, 1, 1)
    valid_to: date | None = None


class RateCard(Fact):
    """A rate card. ``agreed`` cards live in the CRM, ``applied`` ones in the PSA; a card may be both."""

    name: str = ""
    scope: Literal["contract_line", "contract", "customer", "standard"] = "contract_line"
    scope_id: str | None = None
    currency: Currency = "USD"
    agreed: bool = True
    applied: bool = True
    lines: list[RateLine] = []

    @model_validator(mode="after")
    def _line_ids(self) -> RateCard:
        for n, line in enumerate(self.lines, 1):
            line.id = line.id or f"{self.id}-{n}"
        return self


class ChangeOrder(Fact):
    """An amendment of a contract. The CRM, the PSA and the ERP each hold their own record of it (see ``unknown_to``)."""

    contract: str
    contract_line: str | None = None
    number: str = ""
    status: Literal["draft", "pending", "approved", "rejected"] = "approved"
    requested_on: date | None = None
    approved_on: date | None = None
    effective_from: date | None = None
    expires_on: date | None = Field(None, description="last day on which it can still be approved")
    amount: Exact = Decimal("0")
    cap_delta: Exact = Decimal("0")
    currency: Currency = "USD"


class Retainer(Fact):
    """Prepaid hours of a retainer, usable for work dates in [starts_on, expires_on]. Used in the order of their expiry."""

    contract_line: str
    starts_on: date
    expires_on: date | None = Field(None, description="last work date; hours left after it lapse")
    hours: Exact
    amount: Exact = Field(description="what the customer paid for them, net of tax")
    currency: Currency = "USD"
    is_refundable: bool = Field(False, description="what is left at the end goes back to the customer")
