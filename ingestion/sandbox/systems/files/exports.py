"""The exports of the legacy tools: one per feed, each in the format and language of the tool that it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ingestion.sandbox.systems.files.formats import (
    Writer,
    cut,
    day,
    grouped,
    in_parentheses,
    packed,
    padded,
    plain,
    records,
    table,
    trailing_minus,
    workbook,
)
from ingestion.sandbox.systems.files.records import Row

GONE = "_gone"
"""Key of a row that says that the record is gone, for exports of changes."""


@dataclass(frozen=True)
class Export:
    """One export: its file name (with the time), the key of its rows, and whether it sends changes only."""

    name: str
    key: str
    writer: Writer
    is_delta: bool = False


@dataclass(frozen=True)
class Layout:
    """How a tool writes its rows as delimited text: the headers of its fields, its numbers and its days.

    A field that the tool has got since has a column under its own name, one that it has lost has none.
    """

    headers: Mapping[str, str]
    delimiter: str
    encoding: str
    line_end: str = "\r\n"
    number: Callable[[Decimal], str] = str
    days: str = "%Y-%m-%d"

    def written(self, rows: Sequence[Row], *closing: Sequence[str]) -> bytes:
        """The file with its header row, and what stands below the rows."""
        present = {name for row in rows for name in row if name != GONE} if rows else self.headers.keys()
        fields = [name for name in self.headers if name in present] + sorted(present - self.headers.keys())
        lines = [[self._shown(row.get(name)) for name in fields] for row in rows]
        headers = [self.headers.get(name, name) for name in fields]
        return table(headers, [*lines, *closing], self.delimiter, self.encoding, self.line_end)

    def _shown(self, value: object) -> str | None:
        if isinstance(value, Decimal):
            return self.number(value)
        return value.strftime(self.days) if isinstance(value, date) else value  # type: ignore[return-value]


_COMPANIES = Layout(
    {
        "entity_code": "Company Code", "name": "Company Name", "currency": "Currency", "country": "Country",
        "parent_code": "Parent Code", "time_zone": "Time Zone",
    },
    ",",
    "utf-8-sig",
)  # fmt: skip

_CUSTOMERS = Layout(
    {
        "customer_no": "Debitor", "name": "Name 1", "parent_no": "Konzerndebitor", "country": "Land",
        "currency": "Währung", "payment_terms_days": "Zahlungsziel (Tage)", "merged_into_no": "Zusammengeführt mit",
        "crm_account_id": "CRM-Konto", "tax_id": "USt-IdNr.", "represented_entity": "Partnergesellschaft",
    },
    "\t",
    "utf-16",
)  # fmt: skip

_CALENDARS = Layout(
    {
        "calendar_code": "Code cycle", "name": "Libellé", "frequency": "Fréquence", "cutoff_day": "Jour de clôture",
    },
    "|",
    "utf-8",
    "\n",
)  # fmt: skip

_INVOICES = Layout(
    {
        "document_id": "Belegschlüssel", "document_number": "Rechnungsnummer", "document_type": "Belegart",
        "customer_no": "Debitor", "entity_code": "Buchungskreis", "currency": "Währung", "status": "Status",
        "issue_date": "Rechnungsdatum", "posted_date": "Buchungsdatum", "sent_date": "Versanddatum",
        "due_date": "Fälligkeitsdatum", "original_document_id": "Bezugsbeleg", "reason_code": "Gutschriftsgrund",
        "net_amount": "Nettobetrag", "tax_amount": "Steuerbetrag", "gross_amount": "Bruttobetrag",
        "rejected_date": "Abweisungsdatum", "rejection_reason": "Abweisungsgrund",
        "delivery_status": "Versandstatus", "mark": "Löschkennzeichen",
    },
    ";",
    "cp1252",
    number=trailing_minus,
    days="%d.%m.%Y",
)  # fmt: skip

_BILLING_DETAIL = Layout(
    {
        "link_id": "Detail ID", "line_id": "Invoice Line", "item_type": "Item Type", "item_ref": "Item Reference",
        "quantity": "Quantity", "amount": "Amount", "currency": "Currency", "action": "Action",
    },
    ";",
    "utf-8",
    "\n",
    number=in_parentheses,
)  # fmt: skip

_PAYMENTS = Layout(
    {
        "payment_id": "N° règlement", "document_id": "Clé de pièce", "customer_no": "N° client",
        "payment_date": "Date de règlement", "amount": "Montant", "side": "Sens", "currency": "Devise",
        "withholding_tax": "Retenue à la source", "deduction": "Déduction", "deduction_reason": "Motif de déduction",
        "cancelled": "Annulé",
    },
    ";",
    "latin-1",
    number=lambda value: grouped(value, ",", "\u00a0"),
    days="%d/%m/%Y",
)  # fmt: skip


_DISPUTES = Layout(
    {
        "dispute_id": "Klärfall", "document_id": "Belegschlüssel", "line_id": "Belegposition", "amount": "Betrag",
        "currency": "Währung", "reason_code": "Grund", "opened_date": "Eröffnet am", "resolved_date": "Geklärt am",
        "mark": "Löschkennzeichen",
    },
    ";",
    "cp1252",
    number=trailing_minus,
    days="%d.%m.%Y",
)  # fmt: skip

_WRITE_OFFS = Layout(
    {
        "write_off_id": "Ausbuchung", "document_id": "Belegschlüssel", "amount": "Betrag netto", "currency": "Währung",
        "posted_date": "Buchungsdatum", "reason_code": "Grund", "approver": "Freigegeben von",
        "approver_role": "Funktion", "mark": "Löschkennzeichen",
    },
    ";",
    "cp1252",
    number=trailing_minus,
    days="%d.%m.%Y",
)  # fmt: skip

_BALANCES = Layout(
    {
        "balance_id": "Position ID", "contract_ref": "Contract", "period_start": "Month", "book": "Book",
        "contract_asset": "Contract Asset", "unbilled_receivable": "Unbilled Receivable",
        "contract_liability": "Contract Liability", "loss_provision": "Loss Provision", "currency": "Currency",
    },
    ",",
    "utf-8-sig",
    number=in_parentheses,
)  # fmt: skip

_CONTRACT_VALUES = Layout(
    {
        "contract_item_no": "Contract Item", "contract_line_ref": "CRM Line", "amount": "Value", "currency": "Currency",
        "created_at": "Created At (UTC)",
    },
    ",",
    "utf-8-sig",
    number=plain,
)  # fmt: skip

_CHANGE_ORDERS = Layout(
    {
        "amendment_no": "Amendment", "change_order_ref": "CRM Change Order", "contract_line_ref": "CRM Line",
        "amount": "Value Change", "cap_amount": "Cap Change", "currency": "Currency", "created_at": "Created At (UTC)",
    },
    ",",
    "utf-8-sig",
    number=plain,
)  # fmt: skip

_SYNC_LOG = Layout(
    {
        "attempt_id": "attempt_id", "record_type": "record_type", "record_ref": "record_id", "from_system": "source",
        "to_system": "target", "attempt_no": "attempt", "status": "status", "error_class": "error",
        "can_retry": "retryable", "occurred_at": "occurred_at", "action": "action",
    },
    "|",
    "utf-8",
    "\n",
)  # fmt: skip


def _legal_entities(rows: Sequence[Row], stamp: str) -> bytes:
    return _COMPANIES.written(rows)


def _customers(rows: Sequence[Row], stamp: str) -> bytes:
    return _CUSTOMERS.written(rows)


def _calendars(rows: Sequence[Row], stamp: str) -> bytes:
    return _CALENDARS.written(rows)


def _fx_rates(rows: Sequence[Row], stamp: str) -> bytes:
    top = [["Treasury rate sheet"], [f"as of {stamp[:8]}"], [], ["Date", "From", "To", "Rate Type", "Rate"]]
    return workbook(
        [*top, *([r["rate_date"], r["from_currency"], r["to_currency"], r["rate_type"], r["rate"]] for r in rows)]
    )


def _invoices(rows: Sequence[Row], stamp: str) -> bytes:
    total = sum((row["gross_amount"] for row in rows), Decimal(0))
    marked = [{**row, "mark": "X" if row.get(GONE) else None} for row in rows]
    # The closing record tells when the export was made.
    return _INVOICES.written(marked, ["SUMME", str(len(rows)), trailing_minus(total), stamp])


def _invoice_lines(rows: Sequence[Row], stamp: str) -> bytes:
    details = [
        "D"
        + ("D" if row.get(GONE) else " ")
        + padded(row["line_id"], 15)
        + padded(row["document_id"], 15)
        + padded(row["contract_line_ref"], 50)
        + padded(row["project_ref"], 50)
        + padded(row["project_code"], 50)
        + padded(row["resource_email"], 80)
        + cut(row["description"], 80)
        + packed(row["quantity"], 18, 6)
        + packed(row["unit_price"], 21, 8)
        + packed(row["net_amount"], 18, 4)
        + row["currency"]
        + day(row["service_from"], "%Y%m%d")
        + day(row["service_to"], "%Y%m%d")
        + padded(row["product_code"], 12)
        for row in rows
    ]
    return records(f"HINVLINE   {stamp}", details, sum((r["net_amount"] for r in rows), Decimal(0)), "utf-8")


def _billing_links(rows: Sequence[Row], stamp: str) -> bytes:
    return _BILLING_DETAIL.written([{**row, "action": "DELETE" if row.get(GONE) else "UPSERT"} for row in rows])


def _payments(rows: Sequence[Row], stamp: str) -> bytes:
    def shown(row: Row) -> Row:
        amounts = [row[name] for name in ("amount", "withholding_tax", "deduction")]
        if min(amounts) < 0 < max(amounts):
            raise ValueError(f"payment {row['payment_id']} has amounts on both sides")
        return {**row, "side": "D" if min(amounts) < 0 else "C", "cancelled": "OUI" if row.get(GONE) else "NON"}

    return _PAYMENTS.written([shown(row) for row in rows])


def _revenue(rows: Sequence[Row], stamp: str) -> bytes:
    headers = (
        "Schedule ID", "Contract Line", "Month", "Book", "Method", "Planned", "Recognised", "Currency", "Posted On"
    )  # fmt: skip
    lines = [
        [
            row["schedule_id"], row["contract_line_ref"], row["period_start"], row["book"], row["method"],
            row["planned_amount"],
            # What was pasted from a German system is text.
            _pasted(row["recognised_amount"]) if n % 7 == 3 else row["recognised_amount"],
            row["currency"],
            row["posted_date"].strftime("%d.%m.%Y") if row["posted_date"] and n % 5 == 2 else row["posted_date"],
        ]
        for n, row in enumerate(rows)
    ]  # fmt: skip
    total = sum((row["recognised_amount"] for row in rows), Decimal(0))
    return workbook(
        [["Revenue schedule"], ["prepared by revenue accounting"], [], headers, *lines, [],
         ["Total", None, None, None, None, None, total]]
    )  # fmt: skip


def _pasted(value: Decimal) -> str:
    return ("-" if value < 0 else "") + grouped(value, ",", ".")


def _project_costs(rows: Sequence[Row], stamp: str) -> bytes:
    details = [
        "D"
        + ("D" if row.get(GONE) else " ")
        + padded(row["cost_id"], 15)
        + padded(row["project_ref"], 50)
        + padded(row["project_code"], 50)
        + packed(row["amount"], 18, 4)
        + row["currency"]
        + day(row["posted_date"], "%d%m%Y")
        for row in rows
    ]
    return records(f"HPROJCOST  {stamp}", details, sum((r["amount"] for r in rows), Decimal(0)), "cp1252")


def _wip_postings(rows: Sequence[Row], stamp: str) -> bytes:
    details = [
        "D"
        + ("D" if row.get(GONE) else " ")
        + padded(row["posting_id"], 15)
        + padded(row["contract_line_ref"], 50)
        + padded(row["item_type"], 10)
        + padded(row["item_ref"], 50)
        + packed(row["amount"], 18, 4)
        + row["currency"]
        + day(row["posted_date"], "%Y%m%d")
        + padded(row["book"], 20)
        for row in rows
    ]
    return records(f"HWIPPOST   {stamp}", details, sum((r["amount"] for r in rows), Decimal(0)), "utf-8")


def _marked(layout: Layout) -> Writer:
    """Changes in German: what is gone carries a mark."""
    return lambda rows, stamp: layout.written([{**row, "mark": "X" if row.get(GONE) else None} for row in rows])


def _complete(layout: Layout) -> Writer:
    return lambda rows, stamp: layout.written(rows)


def _sync_log(rows: Sequence[Row], stamp: str) -> bytes:
    return _SYNC_LOG.written([{**row, "action": "DELETE" if row.get(GONE) else "UPSERT"} for row in rows])


EXPORTS: Mapping[str, Export] = {
    "legal_entities": Export("company_list_{}.csv", "entity_code", _legal_entities),
    "customers": Export("DEBITOREN_{}.txt", "customer_no", _customers),
    "billing_calendars": Export("cycles_facturation_{}.csv", "calendar_code", _calendars),
    "fx_rates": Export("fx_rates_{}.xlsx", "rate_date", _fx_rates),
    "invoices": Export("RE_AUSGANG_{}.csv", "document_id", _invoices, is_delta=True),
    "invoice_lines": Export("INVLINE.D{}", "line_id", _invoice_lines, is_delta=True),
    "billing_links": Export("billing_detail_{}.csv", "link_id", _billing_links, is_delta=True),
    "payments": Export("reglements_clients_{}.csv", "payment_id", _payments, is_delta=True),
    "revenue_schedules": Export("revenue_schedule_{}.xlsx", "schedule_id", _revenue),
    "project_costs": Export("PROJCOST.D{}", "cost_id", _project_costs, is_delta=True),
    "disputes": Export("KLAERFAELLE_{}.csv", "dispute_id", _marked(_DISPUTES), is_delta=True),
    "write_offs": Export("AUSBUCHUNGEN_{}.csv", "write_off_id", _marked(_WRITE_OFFS), is_delta=True),
    "contract_balances": Export("contract_positions_{}.csv", "balance_id", _complete(_BALANCES)),
    "wip_postings": Export("WIPPOST.D{}", "posting_id", _wip_postings, is_delta=True),
    "contract_values": Export("contract_items_{}.csv", "contract_item_no", _complete(_CONTRACT_VALUES)),
    "change_orders": Export("contract_amendments_{}.csv", "amendment_no", _complete(_CHANGE_ORDERS)),
    "sync_log": Export("integration_log_{}.csv", "attempt_id", _sync_log, is_delta=True),
}
