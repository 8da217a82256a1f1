"""What was billed and paid: calendars, invoices and credits, disputes, write-offs, payments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingestion.sandbox.facts.base import Currency, Domain, Exact, Fact, Timestamp


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
    kind: Literal["items", "retainage", "retainage_release", "true_up", "retainer", "late_fee"] = Field(
        default="items",
        description="what the line is for: billable items; what the customer keeps back (negative) or releases; "
        "the difference to a minimum commitment; prepaid hours; interest",
    )
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
    awaits_sending: bool = Field(False, description="the ledger says that it still has to be sent")
    rejected_on: date | None = Field(None, description="the customer's portal or the tax network refused it")
    rejection_reason: str | None = Field(None, description="reason code: po_exhausted, po_missing, tax_id_invalid ...")
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
    """Cash applied to one invoice, and what the customer kept back with a word why."""

    invoice: str
    amount: Exact
    currency: Currency = "USD"
    paid_on: date
    withholding_tax: Exact = Field(Decimal("0"), description="tax that the customer pays on our behalf, certified")
    deduction: Exact = Field(Decimal("0"), description="amount kept back by agreement")
    deduction_reason: str | None = Field(None, description="reason code: bank_charges, agreed_discount ...")


class Dispute(Fact):
    """The customer disputes ``amount`` (net of tax) of a posted invoice, or of one line of it."""

    invoice: str
    line: str | None = Field(None, description="id of the invoice line; none given = the invoice")
    amount: Exact
    currency: Currency = "USD"
    reason: str | None = Field(None, description="reason code: rate, hours, quality ...")
    opened_on: date
    resolved_on: date | None = None


class WriteOff(Fact):
    """``amount`` (net of tax) of a posted invoice that is given up."""

    invoice: str
    amount: Exact
    currency: Currency = "USD"
    written_off_on: date
    reason: str | None = Field(None, description="reason code: uncollectable, goodwill ...")
    approver: str | None = Field(None, description="who approved it")
    approver_role: str | None = Field(None, description="role that the approver's authority comes from")


class SyncEvent(Fact):
    """One attempt to carry a record from one system to another, as the integration logs it."""

    record_type: Literal[
        "customer", "project", "contract_line", "change_order", "time_entry", "expense", "invoice", "payment"
    ]
    record: str = Field(description="id of the fact that was carried")
    from_domain: Domain
    to_domain: Domain
    attempt: int = 1
    status: Literal["succeeded", "failed", "in_doubt"] = "succeeded"
    error: str | None = Field(
        None, description="class of the error: validation, missing_reference, rate_limit, timeout ..."
    )
    is_transient: bool = Field(False, description="a later attempt may succeed without anybody doing anything")
    occurred_at: Timestamp
