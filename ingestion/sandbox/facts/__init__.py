"""Vendor-neutral business facts: what really happened in a services firm, before any system recorded it.

The seeded firm generator and the scenario files produce these facts; each stand-in in ``systems/`` shows them
as its vendor's API does. Ids are free text, unique within their kind; references are ids of other facts.
Money is exact decimal in the currency of the nearest ``currency`` field. Dates are local business dates,
timestamps are UTC.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from ingestion.sandbox.facts.base import EPOCH, Currency, Domain, Exact, Fact, Timestamp
from ingestion.sandbox.facts.billing import (
    BilledItem,
    BillingCalendar,
    Dispute,
    Invoice,
    InvoiceLine,
    Payment,
    SyncEvent,
    WriteOff,
)
from ingestion.sandbox.facts.contracts import (
    ChangeOrder,
    Contract,
    ContractLine,
    Opportunity,
    RateCard,
    RateLine,
    Retainer,
    StageChange,
    Tier,
)
from ingestion.sandbox.facts.costs import (
    Expense,
    ProjectCost,
    PurchaseOrder,
    Supplier,
    SupplierInvoice,
    SupplierInvoiceLine,
)
from ingestion.sandbox.facts.delivery import Assignment, Hold, Milestone, ProgressReport, Project, TimeEntry
from ingestion.sandbox.facts.parties import (
    Customer,
    FxRate,
    Holiday,
    Leave,
    LegalEntity,
    OrgUnit,
    Resource,
    WorkCalendar,
)
from ingestion.sandbox.facts.revenue import ContractBalance, RevenueSchedule, WipPosting

__all__ = [
    "EPOCH",
    "Assignment",
    "BilledItem",
    "BillingCalendar",
    "ChangeOrder",
    "Contract",
    "ContractBalance",
    "ContractLine",
    "Currency",
    "Customer",
    "Dispute",
    "Domain",
    "Exact",
    "Expense",
    "Fact",
    "Facts",
    "Feed",
    "FxRate",
    "Hold",
    "Holiday",
    "Invoice",
    "InvoiceLine",
    "Leave",
    "LegalEntity",
    "Milestone",
    "Opportunity",
    "OrgUnit",
    "Payment",
    "ProgressReport",
    "Project",
    "ProjectCost",
    "PurchaseOrder",
    "RateCard",
    "RateLine",
    "Resource",
    "Retainer",
    "RevenueSchedule",
    "StageChange",
    "Supplier",
    "SupplierInvoice",
    "SupplierInvoiceLine",
    "SyncEvent",
    "Tier",
    "TimeEntry",
    "Timestamp",
    "WipPosting",
    "WorkCalendar",
    "WriteOff",
]


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
    retainers: list[Retainer] = []
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
    progress_reports: list[ProgressReport] = []
    billing_calendars: list[BillingCalendar] = []
    invoices: list[Invoice] = []
    payments: list[Payment] = []
    disputes: list[Dispute] = []
    write_offs: list[WriteOff] = []
    sync_events: list[SyncEvent] = []
    revenue_schedules: list[RevenueSchedule] = []
    contract_balances: list[ContractBalance] = []
    wip_postings: list[WipPosting] = []
    project_costs: list[ProjectCost] = []
    feeds: list[Feed] = []
