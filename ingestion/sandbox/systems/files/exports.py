"""The exports of the legacy tools: one per feed, each in the format and language of the tool that it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def _legal_entities(rows: Sequence[Row], stamp: str) -> bytes:
    headers = ("Company Code", "Company Name", "Currency", "Country", "Parent Code")
    names = ("entity_code", "name", "currency", "country", "parent_code")
    return table(headers, [[row[n] for n in names] for row in rows], ",", "utf-8-sig")


def _customers(rows: Sequence[Row], stamp: str) -> bytes:
    headers = (
        "Debitor", "Name 1", "Konzerndebitor", "Land", "Währung", "Zahlungsziel (Tage)", "Zusammengeführt mit", "CRM-Konto"
    )  # fmt: skip
    lines = [
        [
            row["customer_no"], row["name"], row["parent_no"], row["country"], row["currency"],
            str(row["payment_terms_days"]), row["merged_into_no"], row["crm_account_id"],
        ]
        for row in rows
    ]  # fmt: skip
    return table(headers, lines, "\t", "utf-16")


def _calendars(rows: Sequence[Row], stamp: str) -> bytes:
    headers = ("Code cycle", "Libellé", "Fréquence", "Jour de clôture")
    lines = [[row["calendar_code"], row["name"], row["frequency"], str(row["cutoff_day"])] for row in rows]
    return table(headers, lines, "|", "utf-8", "\n")


def _fx_rates(rows: Sequence[Row], stamp: str) -> bytes:
    top = [["Treasury rate sheet"], [f"as of {stamp[:8]}"], [], ["Date", "From", "To", "Rate Type", "Rate"]]
    return workbook(
        [*top, *([r["rate_date"], r["from_currency"], r["to_currency"], r["rate_type"], r["rate"]] for r in rows)]
    )


_INVOICE_HEADERS = {
    "document_id": "Belegschlüssel", "document_number": "Rechnungsnummer", "document_type": "Belegart",
    "customer_no": "Debitor", "entity_code": "Buchungskreis", "currency": "Währung", "status": "Status",
    "issue_date": "Rechnungsdatum", "posted_date": "Buchungsdatum", "sent_date": "Versanddatum",
    "due_date": "Fälligkeitsdatum", "original_document_id": "Bezugsbeleg", "reason_code": "Gutschriftsgrund",
    "net_amount": "Nettobetrag", "tax_amount": "Steuerbetrag", "gross_amount": "Bruttobetrag",
}  # fmt: skip


def _invoices(rows: Sequence[Row], stamp: str) -> bytes:
    def shown(value: object) -> str | None:
        if isinstance(value, Decimal):
            return trailing_minus(value)
        return value.strftime("%d.%m.%Y") if isinstance(value, date) else value  # type: ignore[return-value]

    lines = [[*(shown(row[n]) for n in _INVOICE_HEADERS), "X" if row.get(GONE) else None] for row in rows]
    total = sum((row["gross_amount"] for row in rows), Decimal(0))
    # The closing record tells when the export was made.
    closing = ["SUMME", str(len(rows)), trailing_minus(total), stamp]
    return table([*_INVOICE_HEADERS.values(), "Löschkennzeichen"], [*lines, closing], ";", "cp1252")


def _invoice_lines(rows: Sequence[Row], stamp: str) -> bytes:
    details = [
        "D"
        + ("D" if row.get(GONE) else " ")
        + padded(row["line_id"], 15)
        + padded(row["document_id"], 15)
        + padded(row["contract_line_ref"], 50)
        + padded(row["project_ref"], 50)
        + padded(row["resource_email"], 80)
        + cut(row["description"], 80)
        + packed(row["quantity"], 18, 6)
        + packed(row["unit_price"], 21, 8)
        + packed(row["net_amount"], 18, 4)
        + row["currency"]
        + day(row["service_from"], "%Y%m%d")
        + day(row["service_to"], "%Y%m%d")
        for row in rows
    ]
    return records(f"HINVLINE   {stamp}", details, sum((r["net_amount"] for r in rows), Decimal(0)), "utf-8")


def _billing_links(rows: Sequence[Row], stamp: str) -> bytes:
    headers = (
        "Detail ID", "Invoice Line", "Item Type", "Item Reference", "Quantity", "Amount", "Currency", "Action"
    )  # fmt: skip
    lines = [
        [
            row["link_id"],
            row["line_id"],
            row["item_type"],
            row["item_ref"],
            None if row["quantity"] is None else in_parentheses(row["quantity"]),
            in_parentheses(row["amount"]),
            row["currency"],
            "DELETE" if row.get(GONE) else "UPSERT",
        ]
        for row in rows
    ]
    return table(headers, lines, ";", "utf-8", "\n")


def _payments(rows: Sequence[Row], stamp: str) -> bytes:
    headers = (
        "N° règlement", "Clé de pièce", "N° client", "Date de règlement", "Montant", "Sens", "Devise", "Annulé"
    )  # fmt: skip
    lines = [
        [
            row["payment_id"],
            row["document_id"],
            row["customer_no"],
            row["payment_date"].strftime("%d/%m/%Y"),
            grouped(row["amount"], ",", "\u00a0"),
            "D" if row["amount"] < 0 else "C",
            row["currency"],
            "OUI" if row.get(GONE) else "NON",
        ]
        for row in rows
    ]
    return table(headers, lines, ";", "latin-1")


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
        + packed(row["amount"], 18, 4)
        + row["currency"]
        + day(row["posted_date"], "%d%m%Y")
        for row in rows
    ]
    return records(f"HPROJCOST  {stamp}", details, sum((r["amount"] for r in rows), Decimal(0)), "cp1252")


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
}
