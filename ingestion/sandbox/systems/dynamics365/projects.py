"""Facts as Project Operations' rows on Dataverse: mirrored projects and contracts, proforma invoices, and actuals.

Actuals are never edited: a billed item is an unbilled sales row, then its reversal and a billed sales row when the
invoice is confirmed; a credit reverses the billed row and opens an unbilled one again. Transaction connections say
which row came from which.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ingestion.sandbox.facts import EPOCH, BilledItem, Domain, Fact, Invoice, InvoiceLine
from ingestion.sandbox.systems.dynamics365.catalog import TABLES
from ingestion.sandbox.systems.dynamics365.ids import account_number, guid
from ingestion.sandbox.world import stable_number

if TYPE_CHECKING:
    from ingestion.sandbox.systems.dynamics365.system import System

Row = dict[str, Any]
_OPTION = 192350000
_FREQUENCY = {"weekly": _OPTION, "monthly": _OPTION + 1, "quarterly": _OPTION + 3}
_CLASSIFICATION = {
    "time_entries": _OPTION, "expenses": _OPTION + 1, "supplier_invoice_lines": _OPTION + 2, "milestones": _OPTION + 3,
    "progress_reports": _OPTION + 4,
}  # fmt: skip
_UNBILLED, _BILLED = _OPTION + 5, _OPTION + 6
_CHARGEABLE = _OPTION + 1
_CREATED, _POSTED = _OPTION + 1, _OPTION + 2
_UNADJUSTABLE = _OPTION + 2
# The domain whose system has the item that an actual stands for.
_OWNER: dict[str, Domain] = {
    "time_entries": "psa", "milestones": "psa", "progress_reports": "psa", "expenses": "expense",
    "supplier_invoice_lines": "procurement",
}  # fmt: skip
# Project category of a line's kind; most categories of a firm are some kind of service.
CATEGORIES = {
    "items": "SERVICES", "retainage": "RETAINAGE", "retainage_release": "RETAINREL", "true_up": "TRUEUP",
    "retainer": "RETAINER", "late_fee": "LATEFEE",
}  # fmt: skip
# Which system has the record that an integration carried, and as which kind of fact.
_CARRIED: dict[str, tuple[Domain, str]] = {
    "customer": ("crm", "customers"), "contract_line": ("crm", "contract_lines"), "change_order": ("crm", "change_orders"),
    "project": ("psa", "projects"), "time_entry": ("psa", "time_entries"), "expense": ("expense", "expenses"),
    "invoice": ("erp", "invoices"), "payment": ("erp", "payments"),
}  # fmt: skip
_SYNC_STATUS = {"succeeded": 100_000_000, "failed": 100_000_001, "in_doubt": 100_000_002}
_ILT, _ACTUAL = "msdyn_invoicelinetransaction", "msdyn_actual"


class Projects:
    """All Dataverse tables for the facts that the vendor has heard of. One instance builds once."""

    def __init__(self, system: System) -> None:
        self._system, self._ids, self._now = system, system.ids, system.now
        self._rows: dict[str, dict[str, Row]] = {logical: {} for logical in TABLES}
        self._known_lines: set[str] = set()
        # Billed sales by invoice and item, for the credits that reverse them.
        self._billed: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)

    def build(self) -> dict[str, list[Row]]:
        """Rows by logical name."""
        # The copies of contracts and people outlive their originals, invoices refer to them.
        facts = self._system.world.facts
        for customer in self._living(self._system.facts("customers")):
            self._account(customer)
        for contract in facts.contracts:
            self._add(
                "salesorder", guid("contracts", contract.id), contract, name=contract.name or contract.id,
                ordernumber=contract.id, new_externalid=self._system.world.ref("crm", "contracts", contract.id),
                _customerid_value=guid("customers", contract.customer),
                _transactioncurrencyid_value=self._currency(contract.currency), msdyn_ordertype=_OPTION + 1,
                msdyn_psastate=_OPTION + 2,
            )  # fmt: skip
        self._contract_lines(facts)
        self._change_orders()
        for project in self._living(facts.projects):
            self._add(
                "msdyn_project", guid("projects", project.id), project, msdyn_subject=project.name or project.code,
                new_externalid=self._system.world.ref("psa", "projects", project.id),
                _msdyn_customer_value=self._id("customers", project.customer),
            )  # fmt: skip
        for person in facts.resources:
            self._add(
                "bookableresource", guid("resources", person.id), person, name=person.name or person.id,
                msdyn_primaryemail=person.email,
            )  # fmt: skip
        for calendar in self._living(self._system.facts("billing_calendars")):
            self._add(
                "msdyn_invoicefrequency", guid("billing_calendars", calendar.id), calendar,
                msdyn_name=calendar.name or calendar.id, msdyn_period=_FREQUENCY[calendar.frequency],
                new_cutoffday=calendar.cutoff_day,
            )  # fmt: skip
        documents = [i for i in self._living(self._system.facts("invoices")) if not self._ids.is_free_text(i)]
        # Credits come last: they refer to what the invoices billed.
        for invoice in sorted(documents, key=lambda i: (i.kind == "credit_memo", i.issued_on, i.id)):
            self._invoice(invoice)
        self._integration_log()
        return {logical: list(rows.values()) for logical, rows in self._rows.items()}

    def _account(self, customer: Any) -> None:
        self._add(
            "account", guid("customers", customer.id), customer, name=customer.name or customer.id,
            accountnumber=account_number(customer.id),
            msdyn_externalaccountid=self._system.world.ref("crm", "customers", customer.id),
            _parentaccountid_value=self._id("customers", customer.parent),
            _masterid_value=self._id("customers", customer.merged_into), merged=customer.merged_into is not None,
            statecode=0 if customer.merged_into is None else 1,
        )  # fmt: skip

    def _contract_lines(self, facts: Any) -> None:
        currency = {c.id: c.currency for c in facts.contracts}
        for line in facts.contract_lines:
            if line.created_at and line.created_at > self._now:
                continue
            self._known_lines.add(line.id)
            self._add(
                "salesorderdetail", guid("contract_lines", line.id), line, productdescription=line.name or line.id,
                new_externalid=self._system.world.ref("crm", "contract_lines", line.id),
                _salesorderid_value=guid("contracts", line.contract), extendedamount=line.amount,
                _transactioncurrencyid_value=self._currency(line.currency or currency.get(line.contract, "USD")),
            )  # fmt: skip

    def _change_orders(self) -> None:
        for order in self._living(self._system.facts("change_orders")):
            if order.status == "approved":
                self._add(
                    "new_changeorder", guid("change_orders", order.id), order, new_name=order.number or order.id,
                    new_externalid=self._system.world.ref("crm", "change_orders", order.id),
                    _new_contractid_value=guid("contracts", order.contract),
                    _new_contractlineid_value=self._line_id(order.contract_line), new_amount=order.amount,
                    new_capamount=order.cap_delta, _transactioncurrencyid_value=self._currency(order.currency),
                )  # fmt: skip

    def _integration_log(self) -> None:
        for event in self._living(self._system.facts("sync_events")):
            self._add(
                "new_integrationlog", guid("sync_events", event.id), event, new_recordtype=event.record_type,
                new_recordid=self._system.world.ref(*_CARRIED[event.record_type], event.record),
                new_fromdomain=event.from_domain, new_todomain=event.to_domain, new_attempt=event.attempt,
                new_status=_SYNC_STATUS[event.status], new_errorclass=event.error,
                new_istransient=event.is_transient, new_occurredat=event.occurred_at,
            )  # fmt: skip

    def _invoice(self, invoice: Invoice) -> None:
        own = guid("invoices", invoice.id)
        net = sum((line.amount or Decimal(0) for line in invoice.lines), Decimal(0))
        state, status, project_status = {
            "draft": (0, 1, _OPTION), "posted": (0, 4, _OPTION + 2), "voided": (3, 100003, _OPTION),
        }[invoice.status]  # fmt: skip
        due = datetime.combine(invoice.due_on, time(12), UTC) if invoice.due_on else None
        # A proforma has no date but that of its making.
        made = invoice.created_at or datetime.combine(invoice.issued_on, time(0), UTC)
        self._add(
            "invoice", own, invoice, invoicenumber=f"PROFORMA-{self._ids.invoice_numbers[invoice.id]}",
            name=f"Invoice {invoice.number}", _customerid_value=guid("customers", invoice.customer),
            _transactioncurrencyid_value=self._currency(invoice.currency), statecode=state, statuscode=status,
            msdyn_projectinvoicestatus=project_status, msdyn_hascorrections=invoice.kind == "credit_memo",
            totallineitemamount=net, totaltax=invoice.tax_amount, totalamount=net + invoice.tax_amount, duedate=due,
            createdon=min(made, self._now).replace(microsecond=0),
        )  # fmt: skip
        for line in invoice.lines:
            self._line(own, invoice, line)

    def _line(self, invoice_id: str, invoice: Invoice, line: InvoiceLine) -> None:
        own, quantity, price = guid("invoice_lines", line.id), *priced(invoice, line)
        self._add(
            "invoicedetail", own, invoice, _invoiceid_value=invoice_id, description=line.description or None,
            _salesorderdetailid_value=self._line_id(line.contract_line),
            new_projectcategory=CATEGORIES[line.kind],
            _msdyn_project_value=self._id("projects", line.project),
            _transactioncurrencyid_value=self._currency(invoice.currency), new_servicefrom=line.service_from,
            new_serviceto=line.service_to, quantity=quantity, priceperunit=price, extendedamount=line.amount,
        )  # fmt: skip
        seen: dict[tuple[str, str], int] = defaultdict(int)
        for billed in line.items:
            item = self._ids.item(billed, invoice)
            seen[item] += 1
            self._billed_item(own, invoice, line, billed, item, str(seen[item]))
        if line.resource and not line.items:
            # Typed by hand: a line detail that no actual stands behind.
            self._detail(guid(_ILT, line.id), own, invoice, line, line.quantity, line.amount, None)

    def _billed_item(
        self, line_id: str, invoice: Invoice, line: InvoiceLine, billed: BilledItem, item: tuple[str, str], turn: str
    ) -> None:
        """The line detail that bills an item, the actuals behind it, and what confirming the invoice made of them."""
        own = guid(_ILT, line.id, *item, turn)
        amount, quantity = billed.amount or Decimal(0), billed.quantity
        is_credit = invoice.kind == "credit_memo"
        if is_credit and quantity is not None:
            quantity = abs(quantity) if amount > 0 else -abs(quantity)
        originals = self._billed[invoice.original_invoice or "", *item] if is_credit else []
        original_detail, original = originals[0] if originals else (None, None)
        self._detail(own, line_id, invoice, line, quantity, amount, item, original_detail)
        posted = invoice.status == "posted"
        if original is not None:
            self._connect((own, _ILT, "Replacing"), (original, _ACTUAL, "Original"), invoice)
            if posted:
                self._actual("reversal", own, invoice, line, quantity, amount, item, _BILLED, _UNADJUSTABLE)
                self._actual("reopened", own, invoice, line, _negated(quantity), -amount, item, _UNBILLED, None)
                for made, role in (("reversal", "Reversing"), ("reopened", "Replacing")):
                    self._connect((guid(_ACTUAL, made, own), _ACTUAL, role), (original, _ACTUAL, "Original"), invoice)
            return
        unbilled = guid(_ACTUAL, "unbilled", own)
        status = _POSTED if posted else _CREATED
        self._actual("unbilled", own, invoice, line, quantity, amount, item, _UNBILLED, None, status)
        self._connect((own, _ILT, "Billed Sales"), (unbilled, _ACTUAL, "Unbilled Sales"), invoice)
        if posted:
            self._actual("reversal", own, invoice, line, _negated(quantity), -amount, item, _UNBILLED, _UNADJUSTABLE)
            self._actual("billed", own, invoice, line, quantity, amount, item, _BILLED, None, _POSTED)
            billed_id = guid(_ACTUAL, "billed", own)
            self._connect(
                (guid(_ACTUAL, "reversal", own), _ACTUAL, "Reversing"), (unbilled, _ACTUAL, "Original"), invoice
            )
            self._connect((billed_id, _ACTUAL, "Billed Sales"), (unbilled, _ACTUAL, "Unbilled Sales"), invoice)
            self._billed[invoice.id, *item].append((own, billed_id))

    def _detail(
        self, own: str, line_id: str, invoice: Invoice, line: InvoiceLine, quantity: Decimal | None,
        amount: Decimal | None, item: tuple[str, str] | None, original: str | None = None,
    ) -> None:  # fmt: skip
        self._add(
            _ILT, own, invoice, msdyn_description=line.description or None, _msdyn_invoicelineid_value=line_id,
            _msdyn_invoice_value=guid("invoices", invoice.id),
            _msdyn_bookableresource_value=self._id("resources", line.resource),
            _msdyn_originalinvoicelinedetail_value=original, msdyn_correction=original is not None,
            _transactioncurrencyid_value=self._currency(invoice.currency),
            msdyn_transactionclassification=_CLASSIFICATION.get(item[0]) if item else None,
            msdyn_quantity=quantity, msdyn_amount=amount,
        )  # fmt: skip

    def _actual(
        self, made: str, detail: str, invoice: Invoice, line: InvoiceLine, quantity: Decimal | None, amount: Decimal,
        item: tuple[str, str], kind: int, adjusted: int | None, billing_status: int | None = None,
    ) -> None:  # fmt: skip
        reference = item_reference(self._system, *item)
        self._add(
            _ACTUAL, guid(_ACTUAL, made, detail), invoice, msdyn_externalreferenceid=reference,
            _msdyn_project_value=self._id("projects", line.project), msdyn_transactiontypecode=kind,
            _transactioncurrencyid_value=self._currency(invoice.currency), msdyn_billingtype=_CHARGEABLE,
            msdyn_transactionclassification=_CLASSIFICATION.get(item[0]), msdyn_billingstatus=billing_status,
            msdyn_adjustmentstatus=adjusted, msdyn_quantity=quantity, msdyn_amount=amount,
            msdyn_documentdate=datetime.combine(invoice.issued_on, time(0), UTC),
        )  # fmt: skip

    def _connect(self, one: tuple[str, str, str], other: tuple[str, str, str], invoice: Invoice) -> None:
        """A connection of two transactions, each with its id, its table and its role."""
        columns = {
            f"msdyn_transaction{n}{part}": value
            for n, transaction in enumerate((one, other), 1)
            for part, value in zip(("", "type", "role"), transaction, strict=True)
        }
        own = guid("connection", one[0], other[0])
        self._add("msdyn_transactionconnection", own, invoice, **columns)

    def _add(self, logical: str, own: str, fact: Fact, **columns: Any) -> None:
        """A row with what every table has; its version moves with its time and its content."""
        modified = min(self._system.touched(fact), self._now).replace(microsecond=0)
        created = min((fact.created_at or EPOCH).replace(microsecond=0), modified)
        row: Row = dict.fromkeys(TABLES[logical].columns)
        row |= {f"{logical}id": own, "createdon": created, "modifiedon": modified, "statecode": 0, "statuscode": 1}
        row |= columns
        content = stable_number(*(str(value) for value in row.values()), bits=16)
        row["versionnumber"] = (int(modified.timestamp()) << 16) + content
        self._rows[logical][own] = row

    def _currency(self, code: str) -> str:
        own = guid("currency", code)
        if own not in self._rows["transactioncurrency"]:
            self._add(
                "transactioncurrency",
                own,
                Fact.model_validate({"id": code}),
                isocurrencycode=code,
                currencyname=code,
                currencyprecision=2,
            )
        return own

    def _living(self, facts: list[Any]) -> list[Any]:
        return [f for f in facts if f.deleted_at is None or f.deleted_at > self._now]

    def _line_id(self, contract_line: str | None) -> str | None:
        """A look-up of a contract line; Dataverse refers to no row that it does not have."""
        return guid("contract_lines", contract_line) if contract_line in self._known_lines and contract_line else None

    @staticmethod
    def _id(kind: str, fact_id: str | None) -> str | None:
        return guid(kind, fact_id) if fact_id is not None else None


def item_reference(system: System, kind: str, item: str) -> str | None:
    """The id of a billable item in the system that has it."""
    owner = _OWNER.get(kind)
    return system.world.ref(owner, kind, item) if owner else None


def priced(invoice: Invoice, line: InvoiceLine) -> tuple[Decimal, Decimal]:
    """Quantity and price of a line; a credit turns the quantity around, not the price."""
    if invoice.kind == "invoice":
        return line.quantity, line.unit_price
    amount = line.amount or Decimal(0)
    return (abs(line.quantity) if amount > 0 else -abs(line.quantity)), abs(line.unit_price)


def _negated(quantity: Decimal | None) -> Decimal | None:
    return None if quantity is None else -quantity
