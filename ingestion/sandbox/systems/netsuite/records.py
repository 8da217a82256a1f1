"""Facts as NetSuite's records: which tables they fill, with whose signs, letters and dates."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from ingestion.sandbox.facts import EPOCH, Fact, Invoice, InvoiceLine
from ingestion.sandbox.systems.netsuite.ids import Ids, number
from ingestion.sandbox.world import VendorSystem, stable_number

Row = dict[str, Any]
_PENDING, _APPROVED = 1, 2
_TIME = "time_entries"
# Domain that owns a billed item, and what it is called; a charge links time through its time record instead.
_ITEM_OWNER = {
    _TIME: ("psa", "TIME"),
    "milestones": ("psa", "MILESTONE"),
    "progress_reports": ("psa", "PROGRESS"),
    "expenses": ("expense", "EXPENSE"),
    "supplier_invoice_lines": ("procurement", "VENDOR_BILL"),
}
_CHARGE_TYPE = {
    _TIME: "Time-Based",
    "milestones": "Milestone",
    "progress_reports": "Project Progress",
    "expenses": "Expense-Based",
}
_RECORD = {
    "CustInvc": "invoice",
    "CustCred": "creditmemo",
    "CustPymt": "customerpayment",
    "Journal": "journalentry",
    "SalesOrd": "salesorder",
}
_POSTING = _RECORD.keys() - {"SalesOrd"}
# What a document line is for -> the item that stands on it.
ITEMS = {
    "items": "PS-SERVICES",
    "retainage": "RETAINAGE",
    "retainage_release": "RETAINAGE-RELEASE",
    "true_up": "MIN-COMMITMENT",
    "retainer": "PREPAID-HOURS",
    "late_fee": "LATE-FEE",
}


class Builder:
    """Collects the records of the facts that the vendor has heard of by table; one instance collects once."""

    def __init__(self, system: VendorSystem, ids: Ids, zone: ZoneInfo) -> None:
        self.system, self.ids, self._zone = system, ids, zone
        self._now = system.now
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self._currencies: set[str] = set()
        self._months: set[str] = set()
        self._books: set[str] = set()
        self._timebills: dict[str, Row] = {}
        self._changes: dict[int, datetime] = {}

    def add(self, table: str, **columns: Any) -> None:
        self.rows[table].append(columns)

    def living(self, kind: str) -> list[Any]:
        return [f for f in self.system.facts(kind) if not self.is_gone(f)]

    def is_gone(self, fact: Fact) -> bool:
        return fact.deleted_at is not None and fact.deleted_at <= self._now

    def local(self, moment: datetime) -> datetime:
        """The session's wall clock, without an offset, as SuiteQL shows it."""
        return moment.astimezone(self._zone).replace(tzinfo=None, microsecond=0)

    def changed(self, fact: Fact) -> datetime:
        """When the record of ``fact`` last changed; its deletion counts too."""
        known = self._changes.get(id(fact))
        if known is None:
            moments = [min(self.system.touched(fact), self._now)]
            if fact.deleted_at and fact.deleted_at <= self._now:
                moments.append(fact.deleted_at)
            known = self._changes[id(fact)] = self.local(max(moments))
        return known

    def created(self, fact: Fact) -> datetime:
        return self.local(fact.created_at or EPOCH)

    def currency(self, code: str) -> int:
        self._currencies.add(code)
        return number("currency", code)

    def period(self, day: date) -> int:
        month = f"{day:%Y-%m}"
        self._months.add(month)
        return number("accountingperiod", month)

    def item(self, kind: str) -> int:
        """The item of document lines that are for ``kind``."""
        return number("item", ITEMS[kind])

    def book(self, name: str) -> int:
        self._books.add(name)
        return number("accountingbook", name)

    def id_of(self, kind: str, fact_id: str | None) -> int | None:
        return number(kind, fact_id) if fact_id is not None else None

    def add_documents(self) -> None:
        """Invoices, credit memos, payments, what they stand on and what they settle."""
        invoices = self.living("invoices")
        payments = self.living("payments")
        by_id = {i.id: i for i in invoices}
        settled: dict[str, Decimal] = defaultdict(Decimal)
        for payment in payments:
            settled[payment.invoice] += payment.amount
        for memo in invoices:
            if memo.kind == "credit_memo" and memo.status == "posted" and memo.original_invoice:
                settled[memo.original_invoice] -= _gross(memo)
        for invoice in invoices:
            self._invoice(invoice, paid=settled[invoice.id] >= abs(_gross(invoice)) > 0)
            if invoice.kind == "credit_memo" and invoice.original_invoice in by_id:
                self._link(
                    invoice.original_invoice, number("invoices", invoice.id), "CustCred", -_gross(invoice), invoice
                )
        for payment in payments:
            if payment.invoice in by_id:
                self._payment(payment, by_id[payment.invoice])
        self.rows["timebill"] = list(self._timebills.values())

    def transaction(self, own: int, fact: Fact, kind: str, day: date, **columns: Any) -> None:
        """The header of a document; unless told otherwise it is approved and in the ledger."""
        self.add(
            "transaction",
            id=own, type=kind, recordtype=_RECORD[kind], trandate=day, externalid=fact.id,
            postingperiod=self.period(day) if kind in _POSTING else None, createddate=self.created(fact),
            lastmodifieddate=self.changed(fact),
            **{"approvalstatus": _APPROVED, "posting": "T", "voided": "F", **columns},
        )  # fmt: skip

    def _invoice(self, invoice: Invoice, paid: bool) -> None:
        own, kind = number("invoices", invoice.id), "CustInvc" if invoice.kind == "invoice" else "CustCred"
        letter = {"draft": "D", "posted": "B" if paid else "A", "voided": "V"}[invoice.status]
        day = invoice.posted_on or invoice.issued_on
        self.transaction(
            own, invoice, kind, day, tranid=invoice.number, duedate=invoice.due_on,
            entity=number("customers", invoice.customer), currency=self.currency(invoice.currency),
            foreigntotal=_gross(invoice), status=letter,
            approvalstatus=_PENDING if invoice.status == "draft" else _APPROVED,
            posting="T" if invoice.posted_on else "F", voided="T" if invoice.status == "voided" else "F",
            createdfrom=self.id_of("invoices", invoice.original_invoice),
            custbody_invoice_date=invoice.issued_on if invoice.issued_on != day else None,
            custbody_sent_date=invoice.sent_on, custbody_credit_reason=invoice.reason,
            custbody_rejected_date=invoice.rejected_on, custbody_rejection_reason=invoice.rejection_reason,
            tobeprinted="T" if invoice.awaits_sending else "F",
        )  # fmt: skip
        self.line(own, invoice, "main", mainline="T", accountinglinetype="ASSET", foreignamount=_gross(invoice))
        for position, line in enumerate(invoice.lines, 1):
            self._revenue_line(own, invoice, line, position)
        if invoice.tax_amount:
            self.line(
                own, invoice, "tax", taxline="T", accountinglinetype="LIABILITY", foreignamount=-invoice.tax_amount,
                linesequencenumber=len(invoice.lines) + 1,
            )  # fmt: skip

    def _revenue_line(self, own: int, invoice: Invoice, line: InvoiceLine, position: int) -> None:
        amount = line.amount or Decimal(0)
        quantity, rate = line.quantity, line.unit_price
        if invoice.kind == "credit_memo":
            # A credit memo shows plain quantities and prices; it is the document that turns them around.
            quantity, rate = _toward(amount, quantity), abs(rate)
        self.line(
            own, invoice, line.id, linesequencenumber=position, accountinglinetype="INCOME",
            uniquekey=number("invoice_lines", line.id),
            entity=number("projects", line.project) if line.project else number("customers", invoice.customer),
            item=self.item(line.kind), memo=line.description or None, quantity=-quantity, rate=rate, foreignamount=-amount,
            custcol_crm_contract_line=self.system.world.ref("crm", "contract_lines", line.contract_line),
            custcol_resource_email=self._email.get(line.resource) if line.resource else None,
            custcol_service_from=line.service_from, custcol_service_to=line.service_to,
        )  # fmt: skip
        document, place = ("invoice", "invoiceline") if invoice.kind == "invoice" else ("creditmemo", "creditmemoline")
        seen: dict[tuple[str, str], int] = defaultdict(int)
        for billed in line.items:
            item = self.ids.item(billed, invoice)
            seen[item] += 1
            units = billed.quantity
            if units is not None and invoice.kind == "credit_memo":
                units = _toward(billed.amount or Decimal(0), units)
            self._charge(
                number("charge", invoice.id, line.id, *item, str(seen[item])), item, invoice, units, billed.amount,
                {document: own, place: _line_id(line.id)},
            )  # fmt: skip

    @cached_property
    def _email(self) -> dict[str, str]:
        return {r.id: r.email for r in self.system.world.facts.resources}

    def source(self, kind: str, fact_id: str) -> tuple[str, str | None]:
        """What a billable item is called, and its id in the system that owns it."""
        domain, source_type = _ITEM_OWNER.get(kind, (None, "OTHER"))
        return source_type, self.system.world.ref(domain, kind, fact_id) if domain else None  # type: ignore[arg-type]

    def _charge(
        self,
        own: int,
        item: tuple[str, str],
        invoice: Invoice,
        units: Decimal | None,
        amount: Decimal | None,
        place: Row,
    ) -> None:
        kind, fact_id = item
        source_type, source_id = self.source(kind, fact_id)
        changed = self.changed(invoice)
        row = {
            "id": own, "billto": number("customers", invoice.customer), "chargedate": invoice.issued_on,
            "chargetype": _CHARGE_TYPE.get(kind, "Fixed Date"), "stage": "PROCESSED", "use": "Actual",
            "quantity": units, "amount": amount, "currency": self.currency(invoice.currency),
            "createddate": self.created(invoice), "lastmodifieddate": changed, **place,
        }  # fmt: skip
        if kind == _TIME:
            row["timerecord"] = number("timebill", fact_id)
            self._timebill(fact_id, source_id, changed)
        else:
            row |= {"custrecord_charge_source_type": source_type, "custrecord_charge_source_id": source_id}
        self.rows["charge"].append(row)

    def _timebill(self, fact_id: str, source_id: str | None, changed: datetime) -> None:
        """The time record that the PSA's export left in the ledger, as of its first billing."""
        if known := self._timebills.get(fact_id):
            known["lastmodifieddate"] = max(known["lastmodifieddate"], changed)
            return
        entry = self._time_entries[fact_id]
        self._timebills[fact_id] = {
            "id": number("timebill", fact_id), "externalid": source_id, "customer": number("projects", entry.project),
            "trandate": entry.work_date, "hours": entry.hours, "isbillable": "T", "approvalstatus": 3,
            "createddate": self.local(EPOCH), "lastmodifieddate": changed,
        }  # fmt: skip

    @cached_property
    def _time_entries(self) -> dict[str, Any]:
        return {t.id: t for t in self.system.world.facts.time_entries}

    def line(self, document: int, fact: Fact, line: str, **columns: Any) -> None:
        legal_entity = getattr(fact, "legal_entity", None)
        row: Row = {
            "uniquekey": number("transactionline", str(document), line),
            "transaction": document,
            "id": 0 if line == "main" else _line_id(line),
            "mainline": "F",
            "taxline": "F",
            "linesequencenumber": 0,
            "subsidiary": self.id_of("legal_entities", legal_entity),
            "linelastmodifieddate": self.changed(fact),
        }
        self.rows["transactionline"].append(row | columns)

    def _link(self, invoice: str, document: int, kind: str, amount: Decimal, fact: Fact) -> None:
        self.add(
            "nexttransactionlinelink",
            previousdoc=number("invoices", invoice), previousline=0, previoustype="CustInvc",
            nextdoc=document, nextline=0, nexttype=kind, linktype="Payment", foreignamount=amount,
            lastmodifieddate=self.changed(fact),
        )  # fmt: skip

    def _payment(self, payment: Any, invoice: Invoice) -> None:
        own = number("payments", payment.id)
        self.transaction(
            own, payment, "CustPymt", payment.paid_on, tranid=payment.id, status="C", foreigntotal=-payment.amount,
            entity=number("customers", invoice.customer), currency=self.currency(payment.currency),
            custbody_withholding_tax=payment.withholding_tax, custbody_deduction=payment.deduction,
            custbody_deduction_reason=payment.deduction_reason,
        )  # fmt: skip
        self.line(own, payment, "main", mainline="T", accountinglinetype="ASSET", foreignamount=payment.amount)
        self.line(
            own,
            payment,
            "receivable",
            accountinglinetype="PAYMENT",
            foreignamount=-payment.amount,
            linesequencenumber=1,
        )
        self._link(payment.invoice, own, "CustPymt", payment.amount, payment)

    def add_lists(self) -> None:
        """Currencies, periods, books and items, as far as the other records name them."""
        for code in sorted(self._currencies):
            self.add(
                "currency",
                id=number("currency", code), symbol=code, name=code, currencyprecision=2,
                isbasecurrency="F", isinactive="F",
            )  # fmt: skip
        for month in sorted(self._months):
            first = date.fromisoformat(f"{month}-01")
            self.add(
                "accountingperiod",
                id=number("accountingperiod", month), periodname=f"{first:%b %Y}", startdate=first,
                enddate=first.replace(day=monthrange(first.year, first.month)[1]), isposting="T",
                isquarter="F", isyear="F", isadjust="F", closed="F",
                lastmodifieddate=self.local(datetime(first.year, first.month, 1, tzinfo=UTC)),
            )  # fmt: skip
        for book in sorted(self._books):
            primary = book == "primary"
            name = "Primary Accounting Book" if primary else book
            self.add("accountingbook", id=self.book(book), name=name, isprimary="T" if primary else "F")
        for kind, code in ITEMS.items():
            self.add(
                "item",
                id=self.item(kind), itemid=code, displayname=code.replace("-", " ").capitalize(), itemtype="Service",
                isinactive="F", createddate=self.local(EPOCH), lastmodifieddate=self.local(EPOCH),
            )  # fmt: skip
        self.rows["dual"] = [{"dummy": "X"}]


def _gross(invoice: Invoice) -> Decimal:
    """What the customer owes for the document: positive on invoices, negative on credit memos."""
    return sum((line.amount or Decimal(0) for line in invoice.lines), invoice.tax_amount)


def _toward(amount: Decimal, quantity: Decimal) -> Decimal:
    """``quantity`` of a credit memo with the sign of the money it moves."""
    return abs(quantity) if amount > 0 else -abs(quantity)


def _line_id(line: str) -> int:
    """A line's number within its document; it stays when other lines go."""
    return stable_number("netsuite", "line", line, bits=31)
