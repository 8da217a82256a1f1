"""Vendor-neutral business facts: what really happened in a services firm, before any system recorded it.

The seeded firm generator and the scenario files produce these facts; each stand-in in ``systems/`` shows them
as its vendor's API does. Ids are free text, unique within their kind; references are ids of other facts.
Money is exact decimal in the currency of the nearest ``currency`` field. Dates are local business dates,
timestamps are UTC.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
# Dates that say when something holds, not when somebody entered it.
_EFFECTIVE = ("due", "starts", "ends", "expires", "final", "hired", "terminated", "leave")
Domain = Literal["crm", "psa", "erp", "hr", "expense", "procurement", "bank"]


def _utc(value: Any) -> Any:
    """Read ISO text or a datetime as UTC; a bare date means noon UTC, a naive time is taken as UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, 12)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


def _exact(value: Any) -> Any:
    """Refuse floats: a YAML 0.1 has already lost its exactness, so scenario files quote their decimals."""
    if isinstance(value, float):
        return Decimal(repr(value))
    return value


Timestamp = Annotated[datetime, BeforeValidator(_utc)]
Exact = Annotated[Decimal, BeforeValidator(_exact)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")]
Unlinked = Annotated[bool, Field(description="no other system carries this record's id")]


class Fact(BaseModel):
    """Base of all facts. ``updated_at`` is when a system last touched the record; it defaults to the latest event on it."""

    model_config = ConfigDict(extra="forbid")

    id: str
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
    deleted_at: Timestamp | None = Field(None, description="the record was deleted in its system at this time")
    unknown_to: list[Domain] = Field([], description="the systems of these domains have no record of it")
    known_as: dict[Domain, dict[str, Any]] = Field(
        {}, description="fields that a domain's system holds differently, as in {erp: {name: ACME Incorporated}}"
    )

    @model_validator(mode="after")
    def _known_as_is_valid(self) -> Self:
        for domain in self.known_as:
            self.as_known_to({domain})
        return self

    def as_known_to(self, domains: Set[str]) -> Self:
        """The fact as the system serving ``domains`` holds it; an id is never held differently."""
        changes = {k: v for domain, fields in self.known_as.items() if domain in domains for k, v in fields.items()}
        if not changes:
            return self
        same = {name: getattr(self, name) for name in self.model_fields_set - {"id", "known_as"}}
        return type(self).model_validate({**same, **changes, "id": self.id})

    def last_touched(self, now: datetime) -> datetime:
        """The latest moment this fact carries (its own ``updated_at`` if set), no later than ``now``.

        A fact without any moment is as old as the firm's systems: it must not look changed whenever the clock moves.
        """
        if self.updated_at is not None:
            return self.updated_at
        moments: list[datetime] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, datetime):
                moments.append(value)
            elif isinstance(value, date) and name.endswith(("_on", "_date")) and not name.startswith(_EFFECTIVE):
                moments.append(datetime(value.year, value.month, value.day, 20, tzinfo=UTC))
        return min(max(moments), now) if moments else EPOCH


class LegalEntity(Fact):
    """One company of the firm."""

    name: str = ""
    currency: Currency = "USD"
    country: str = "US"
    timezone: str = "UTC"


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
    former_names: list[str] = Field([], description="names it had before it was renamed, as its record still says")
    is_unlinked: Unlinked = False


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
    revrec_method: (
        Literal["as_invoiced", "cost_to_cost", "labour_hours", "milestone_output", "straight_line", "point_in_time"]
        | None
    ) = None
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
    """An amendment of a contract."""

    contract: str
    contract_line: str | None = None
    number: str = ""
    status: Literal["draft", "pending", "approved", "rejected"] = "approved"
    requested_on: date | None = None
    approved_on: date | None = None
    effective_from: date | None = None
    amount: Exact = Decimal("0")
    cap_delta: Exact = Decimal("0")
    currency: Currency = "USD"


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
    manager: str | None = None
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


class Expense(Fact):
    """One expense line. ``amount`` includes ``tax_amount``; the recoverable part of the tax is never rebilled."""

    project: str | None = None
    resource: str
    category: str = "Hotel"
    spent_on: date
    amount: Exact
    currency: Currency = "USD"
    tax_amount: Exact = Decimal("0")
    recoverable_tax_amount: Exact = Decimal("0")
    is_billable: bool = True
    status: Literal["draft", "submitted", "approved", "rejected"] = "approved"
    submitted_at: Timestamp | None = None
    approved_at: Timestamp | None = None
    paid_at: Timestamp | None = None
    merchant: str = ""
    receipt_hash: str | None = None
    rejected_reason: str | None = None


class Supplier(Fact):
    """A subcontractor or vendor of the firm."""

    name: str = ""


class PurchaseOrder(Fact):
    """A commitment to a supplier. On its own it is never a leak."""

    supplier: str
    project: str | None = None
    number: str = ""
    amount: Exact
    currency: Currency = "USD"
    issued_on: date
    status: Literal["draft", "issued", "closed", "cancelled"] = "issued"
    is_billable: bool = True


class SupplierInvoiceLine(BaseModel):
    """One line of a supplier's document, net of tax; credit notes carry negative amounts."""

    model_config = ConfigDict(extra="forbid")
    id: str
    project: str | None = None
    description: str = ""
    amount: Exact
    is_billable: bool = True
    service_from: date | None = None
    service_to: date | None = None


class SupplierInvoice(Fact):
    """A supplier's invoice or credit note."""

    supplier: str
    purchase_order: str | None = None
    number: str = ""
    kind: Literal["invoice", "credit_note"] = "invoice"
    status: Literal["draft", "pending", "approved", "disputed", "voided"] = "approved"
    invoice_date: date
    approved_at: Timestamp | None = None
    currency: Currency = "USD"
    lines: list[SupplierInvoiceLine] = []


class Milestone(Fact):
    """A billable milestone. ``shares`` (customer -> percent) splits it over several customers."""

    contract_line: str
    project: str | None = None
    name: str = ""
    amount: Exact
    due_on: date | None = None
    accepted_on: date | None = None
    shares: dict[str, Exact] = {}


class BillingCalendar(Fact):
    """When a contract line is billed. Monthly cut-off day 31 means the last day of the month."""

    name: str = ""
    frequency: Literal["weekly", "monthly", "quarterly"] = "monthly"
    cutoff_day: int = 31


class BilledItem(BaseModel):
    """The part of an invoice line that bills one item (time entry, expense, supplier line, milestone)."""

    model_config = ConfigDict(extra="forbid")
    item: str
    quantity: Exact | None = None
    amount: Exact | None = Field(None, description="signed; omitted on a line of one item = the line's amount")
    customer: str | None = Field(None, description="whose share, for an item split over customers")


class InvoiceLine(BaseModel):
    """One line of an invoice, net of tax. ``amount`` defaults to quantity x unit_price; negative on credit memos."""

    model_config = ConfigDict(extra="forbid")
    id: str = ""
    contract_line: str | None = None
    project: str | None = None
    description: str = ""
    quantity: Exact = Decimal("1")
    unit_price: Exact = Decimal("0")
    amount: Exact | None = None
    service_from: date | None = None
    service_to: date | None = None
    resource: str | None = None
    items: list[BilledItem] = []

    @model_validator(mode="before")
    @classmethod
    def _items_as_ids(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("items"):
            data = {**data, "items": [{"item": i} if isinstance(i, str) else i for i in data["items"]]}
        return data

    @model_validator(mode="after")
    def _amounts(self) -> InvoiceLine:
        if self.amount is None:
            self.amount = (self.quantity * self.unit_price).quantize(Decimal("0.01"))
        if len(self.items) == 1:
            only = self.items[0]
            only.amount = self.amount if only.amount is None else only.amount
            only.quantity = self.quantity if only.quantity is None else only.quantity
        for item in self.items:
            if item.amount is None:
                raise ValueError(f"line bills several items, so {item.item} needs its own amount")
        return self


class Invoice(Fact):
    """A customer invoice or credit memo. Only a posted one is evidence of billing."""

    number: str = ""
    kind: Literal["invoice", "credit_memo"] = "invoice"
    customer: str
    legal_entity: str | None = None
    currency: Currency = "USD"
    status: Literal["draft", "posted", "voided"] = "posted"
    issued_on: date
    posted_on: date | None = Field(None, description="defaults to issued_on when posted")
    sent_on: date | None = None
    due_on: date | None = None
    original_invoice: str | None = None
    reason: str | None = Field(None, description="credit reason code: error, rebill, goodwill, price_concession ...")
    tax_amount: Exact = Decimal("0")
    lines: list[InvoiceLine] = []

    @model_validator(mode="after")
    def _defaults(self) -> Invoice:
        self.number = self.number or self.id
        if self.status == "posted":
            self.posted_on = self.posted_on or self.issued_on
        for n, line in enumerate(self.lines, 1):
            line.id = line.id or f"{self.id}-{n}"
        return self


class Payment(Fact):
    """Cash applied to one invoice."""

    invoice: str
    amount: Exact
    currency: Currency = "USD"
    paid_on: date


class RevenueSchedule(Fact):
    """Planned and recognised revenue of one contract line in one month and book."""

    contract_line: str
    period: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]
    method: str = "as_invoiced"
    planned: Exact | None = None
    recognised: Exact = Decimal("0")
    currency: Currency = "USD"
    posted_on: date | None = None
    book: str = "primary"


class ProjectCost(Fact):
    """Cost posted to a project in the ledger; input of cost-to-cost revenue recognition."""

    project: str
    amount: Exact
    currency: Currency = "USD"
    posted_on: date


class Feed(BaseModel):
    """The vendor's clock of one domain stands at ``complete_through``: nothing later can be read from it."""

    model_config = ConfigDict(extra="forbid")
    domain: Domain
    complete_through: Timestamp


class Facts(BaseModel):
    """Everything that is true of a firm at one moment. Lists hold facts in no particular order."""

    model_config = ConfigDict(extra="forbid")

    legal_entities: list[LegalEntity] = []
    fx_rates: list[FxRate] = []
    customers: list[Customer] = []
    opportunities: list[Opportunity] = []
    contracts: list[Contract] = []
    contract_lines: list[ContractLine] = []
    rate_cards: list[RateCard] = []
    change_orders: list[ChangeOrder] = []
    resources: list[Resource] = []
    org_units: list[OrgUnit] = []
    work_calendars: list[WorkCalendar] = []
    leaves: list[Leave] = []
    projects: list[Project] = []
    assignments: list[Assignment] = []
    time_entries: list[TimeEntry] = []
    expenses: list[Expense] = []
    suppliers: list[Supplier] = []
    purchase_orders: list[PurchaseOrder] = []
    supplier_invoices: list[SupplierInvoice] = []
    milestones: list[Milestone] = []
    billing_calendars: list[BillingCalendar] = []
    invoices: list[Invoice] = []
    payments: list[Payment] = []
    revenue_schedules: list[RevenueSchedule] = []
    project_costs: list[ProjectCost] = []
    feeds: list[Feed] = []
