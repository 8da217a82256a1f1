"""What it cost: expenses, suppliers, purchase orders and their invoices, costs in the ledger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ingestion.sandbox.facts.base import Currency, Exact, Fact, Timestamp


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
    rejected_at: Timestamp | None = None
    rejected_reason: str | None = Field(None, description="reason code: missing_receipt, policy ...")


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


class ProjectCost(Fact):
    """Cost posted to a project in the ledger; input of cost-to-cost revenue recognition."""

    project: str
    amount: Exact
    currency: Currency = "USD"
    posted_on: date
