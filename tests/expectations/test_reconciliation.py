"""Control totals: equal ones pass, and one cent, one record or one hour too few or too many fails and is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from expectations.reconciliation import RAW_CONTROLS, control_suites
from expectations.report import Report
from ingestion.registry import SYSTEMS
from tests.expectations.conftest import Warehouse

CHOSEN = {"crm": "salesforce", "psa": "kantata", "erp": "netsuite", "expense": "concur", "procurement": "coupa"}
CHOSEN |= {"hr": "workday", "bank": "files"}
AS_OF = date(2026, 4, 30)
LOADED = datetime(2026, 4, 30, 6, tzinfo=UTC)
SUITES = control_suites(CHOSEN, None, AS_OF)
Row = dict[str, Any]


class Books(Warehouse):
    """Raw, canonical and ledger tables, filled row by row."""

    def raw(self, system: str, name: str, *rows: Row) -> None:
        """Versions of raw records, in the order given; what a row does not say is NULL."""
        schema = SYSTEMS[system].objects[name].schema.append(pa.field("_dlt_load_id", pa.string()))
        with duckdb.connect(self.path) as connection:
            connection.execute(f"create schema if not exists raw_{system}")
            filled = pa.Table.from_pylist([self._version(n, row) for n, row in enumerate(rows)], schema)
            connection.execute(f"create or replace table raw_{system}.{name} as select * from filled")
            assert len(filled) == len(rows)

    def _version(self, number: int, row: Row) -> Row:
        own = {"_record_hash": number + 1, "_is_deleted": False, "_extracted_at": LOADED, "_dlt_load_id": str(number)}
        return own | row

    def table(self, name: str, *rows: Row) -> None:
        """A canonical or ledger table; canonical rows are living ones of their system unless they say otherwise."""
        with duckdb.connect(self.path) as connection:
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            filled = pa.Table.from_pylist(list(rows))
            connection.execute(f"create or replace table {name} as select * from filled")
            assert len(filled) == len(rows)

    def empty_raw(self, system: str) -> None:
        """All raw tables of ``system``, without rows."""
        for name in SYSTEMS[system].objects:
            self.raw(system, name)


def of(system: str, **values: Any) -> Row:
    return {"source_system": system, "is_deleted": False, **values}


def money(text: str) -> Decimal:
    return Decimal(text).quantize(Decimal("0.0001"))


def contract_value(books: Books) -> tuple[str, list[Row]]:
    books.raw(
        "salesforce",
        "sow_line",
        {"id": "1", "amount_c": money("1000.50"), "currency_iso_code": "USD"},
        {"id": "2", "amount_c": money("99"), "currency_iso_code": "EUR", "is_deleted": True},
        {"id": "3", "amount_c": money("7"), "currency_iso_code": "EUR"},
        {"id": "3", "amount_c": money("8"), "currency_iso_code": "EUR", "_dlt_load_id": "later"},
    )
    return "canonical.contract_line", [
        of("salesforce", contract_amount=money("1000.50"), currency="USD"),
        of("salesforce", contract_amount=money("8"), currency="EUR"),
    ]


def time_hours(books: Books) -> tuple[str, list[Row]]:
    day = date(2026, 3, 2)
    books.raw(
        "kantata",
        "time_entries",
        {"id": "1", "date_performed": day, "time_in_minutes": 90},
        {"id": "2", "date_performed": day, "time_in_minutes": 100},
        {"id": "3", "date_performed": day, "time_in_minutes": 60},
        {"id": "3", "_is_deleted": True, "_record_hash": 0, "_dlt_load_id": "later"},
    )
    # The exact hours of entry 2, which the vendor can only hold as 100 minutes.
    books.raw(
        "kantata",
        "external_references",
        {
            "id": "9",
            "subject_type": "TimeEntry",
            "subject_id": 2,
            "service_model": "hours",
            "service_model_ref": "1.67",
        },
    )
    books.raw(
        "kantata",
        "field_purposes",
        {
            "purpose_key": "p",
            "purpose": "logged_hours",
            "kind": "external_reference",
            "subject_type": "TimeEntry",
            "name": "hours",
        },
    )
    return "canonical.time_entry", [
        of("kantata", work_date=day, hours=money("1.5")),
        of("kantata", work_date=day, hours=money("1.67")),
    ]


def milestone_value(books: Books) -> tuple[str, list[Row]]:
    books.raw(
        "kantata", "currencies", {"iso_code": "JPY", "subunit_to_unit": 1}, {"iso_code": "USD", "subunit_to_unit": 100}
    )
    books.raw("kantata", "stories", {"id": "s", "due_date": date(2026, 5, 31)})
    books.raw(
        "kantata",
        "billing_milestones",
        {"id": "1", "amount_in_cents": 250000, "currency": "JPY", "date_to_invoice": date(2026, 4, 1)},
        {"id": "2", "amount_in_cents": 250050, "currency": "USD", "story_id": "s"},
    )
    return "canonical.milestone", [
        of("kantata", amount=money("250000"), currency="JPY", due_date=date(2026, 4, 1)),
        of("kantata", amount=money("2500.50"), currency="USD", due_date=date(2026, 5, 31)),
    ]


def posted_invoices(books: Books) -> tuple[str, list[Row]]:
    posted = {"type": "CustInvc", "posting": "T", "status": "A", "currency": "1", "trandate": date(2026, 3, 31)}
    books.raw("netsuite", "currency", {"id": "1", "symbol": "USD"})
    books.raw(
        "netsuite",
        "transaction",
        {"id": "10"} | posted,
        {"id": "11"} | posted | {"posting": "F", "status": "D"},
        {"id": "12"} | posted | {"voided": "T"},
    )
    books.raw(
        "netsuite",
        "transactionline",
        {"uniquekey": "1", "transaction": "10", "foreignamount": money("-100.10"), "mainline": "F", "taxline": "F"},
        {"uniquekey": "2", "transaction": "10", "foreignamount": money("120.12"), "mainline": "T", "taxline": "F"},
        {"uniquekey": "3", "transaction": "10", "foreignamount": money("-20.02"), "mainline": "F", "taxline": "T"},
        {"uniquekey": "4", "transaction": "11", "foreignamount": money("-5"), "mainline": "F", "taxline": "F"},
        {"uniquekey": "5", "transaction": "12", "foreignamount": money("-6"), "mainline": "F", "taxline": "F"},
    )
    books.table("canonical.invoice", of("netsuite", invoice_id="i", status="posted", posted_date=date(2026, 3, 31)))
    return "canonical.invoice_line", [of("netsuite", invoice_id="i", net_amount=money("100.10"), currency="USD")]


def payments(books: Books) -> tuple[str, list[Row]]:
    books.raw("netsuite", "currency", {"id": "1", "symbol": "EUR"})
    books.raw(
        "netsuite",
        "transaction",
        {"id": "20", "posting": "T", "currency": "1", "trandate": date(2026, 4, 2)},
        {"id": "21", "posting": "F", "currency": "1", "trandate": date(2026, 4, 2)},
    )
    link = {"nextline": "0", "previousline": "0", "linktype": "Payment", "nexttype": "CustPymt", "previousdoc": "10"}
    books.raw(
        "netsuite",
        "nexttransactionlinelink",
        link | {"nextdoc": "20", "foreignamount": money("60")},
        link | {"nextdoc": "20", "nextline": "1", "foreignamount": money("0.12")},
        link | {"nextdoc": "21", "foreignamount": money("40")},
    )
    payment = {"payment_date": date(2026, 4, 2), "currency": "EUR"}
    return "canonical.payment", [
        of("netsuite", amount=money("60.12"), match_method="ledger", **payment),
        of("netsuite", amount=money("9.99"), match_method="structured", **payment),
    ]


def recognised_revenue(books: Books) -> tuple[str, list[Row]]:
    books.raw("netsuite", "currency", {"id": "1", "symbol": "EUR"})
    books.raw("netsuite", "accountingperiod", {"id": "p", "startdate": date(2026, 2, 1)})
    books.raw("netsuite", "revenueelement", {"id": "e", "currency": "1"})
    books.raw(
        "netsuite",
        "revenueplan",
        {"id": "f", "createdfrom": "e", "revenueplantype": "FORECAST"},
        {"id": "a", "createdfrom": "e", "revenueplantype": "ACTUAL"},
    )
    month = {"plannedperiod": "p"}
    books.raw(
        "netsuite",
        "revenueplanplannedrevenue",
        month | {"id": "1", "revenueplan": "f", "amount": money("500"), "isrecognized": "F"},
        month | {"id": "2", "revenueplan": "a", "amount": money("480.01"), "isrecognized": "T"},
    )
    schedule = {"period_start_date": date(2026, 2, 1), "recognised_amount": money("480.01"), "currency": "EUR"}
    return "canonical.revenue_schedule", [of("netsuite", **schedule)]


def expenses(books: Books) -> tuple[str, list[Row]]:
    spent = datetime(2026, 3, 5, tzinfo=UTC)
    line = {"report_id": "r", "transaction_date": spent, "transaction_currency_code": "EUR"}
    books.raw("concur", "reports", {"id": "r", "approval_status_code": "A_APPR", "payment_status_code": "P_NOTP"})
    books.raw(
        "concur",
        "entries",
        line | {"id": "1", "transaction_amount": money("200.40")},
        line | {"id": "2", "transaction_amount": money("30"), "has_itemizations": True},
        line | {"id": "3", "transaction_amount": money("77"), "report_id": "gone"},
    )
    books.raw("concur", "itemizations", line | {"id": "2a", "entry_id": "2", "transaction_amount": money("30")})
    reports = ({"id": "gone"}, {"id": "gone", "_is_deleted": True, "_dlt_load_id": "later"})
    approved = {"id": "r", "approval_status_code": "A_APPR", "payment_status_code": "P_NOTP"}
    books.raw("concur", "reports", approved, *reports)
    item = {"expense_date": spent.date(), "currency": "EUR", "status": "approved", "report_source_id": "r"}
    return "canonical.expense_item", [
        of("concur", amount=money("150.30"), **item),
        of("concur", amount=money("50.10"), **item),
        of("concur", amount=money("30"), **item),
    ]


def supplier_costs(books: Books) -> tuple[str, list[Row]]:
    books.raw(
        "coupa",
        "invoices",
        {"id": 1, "document_type": "Invoice", "currency__code": "GBP"},
        {"id": 2, "document_type": "Credit Note", "currency__code": "GBP"},
    )
    books.raw(
        "coupa",
        "invoice_lines",
        {"id": 1, "invoice_id": 1, "total": money("3200.05")},
        {"id": 2, "invoice_id": 2, "total": money("200")},
    )
    note = {"currency": "GBP", "net_amount": money("-200"), "document_type": "credit_note", "document_source_id": "2"}
    invoice = {"currency": "GBP", "net_amount": money("3200.05"), "document_type": "invoice", "document_source_id": "1"}
    order = {
        "currency": "GBP",
        "net_amount": money("9999"),
        "document_type": "purchase_order",
        "document_source_id": "o",
    }
    return "canonical.supplier_cost", [of("coupa", **invoice), of("coupa", **note), of("coupa", **order)]


def leave_hours(books: Books) -> tuple[str, list[Row]]:
    day = date(2026, 3, 2)
    books.raw("workday", "work_calendars", {"work_calendar_id": "c", "hours_per_day": Decimal("7.5")})
    books.raw("workday", "worker_calendars", {"worker_wid": "w", "work_calendar_id": "c"})
    entry = {"worker_wid": "w", "time_off_date": day}
    books.raw(
        "workday",
        "time_off",
        {"time_off_entry_wid": "1", "units": Decimal(4), "unit_of_time": "Hours", **entry},
        {"time_off_entry_wid": "2", "units": Decimal("0.5"), "unit_of_time": "Days", **entry},
        {"time_off_entry_wid": "3", "units": Decimal(8), "unit_of_time": "Hours", **entry},
        {"time_off_entry_wid": "3", "_is_deleted": True, "_record_hash": 0, "_dlt_load_id": "later"},
    )
    return "canonical.leave", [
        of("workday", leave_date=day, hours=money("4")),
        of("workday", leave_date=day, hours=money("3.75")),
    ]


def bank_movements(books: Books) -> tuple[str, list[Row]]:
    entry = {"account": "a", "detail_number": "1", "currency": "EUR", "booking_date": date(2026, 4, 2)}
    books.raw(
        "files",
        "camt_entries",
        entry | {"entry_ref": "1", "status": "BOOK", "amount": money("100.10")},
        entry | {"entry_ref": "2", "status": "PDNG", "amount": money("7")},
    )
    transaction = {"account": "b", "currency": "USD", "as_of_date": date(2026, 4, 3)}
    books.raw("files", "bai_transactions", transaction | {"transaction_ref": "1", "amount": money("-12.50")})
    return "canonical.bank_transaction", [
        of("files", booking_date=date(2026, 4, 2), amount=money("100.10"), currency="EUR"),
        of("files", booking_date=date(2026, 4, 3), amount=money("-12.50"), currency="USD"),
    ]


RAW_CASES = {
    case.__name__: case
    for case in (
        contract_value,
        time_hours,
        milestone_value,
        posted_invoices,
        payments,
        recognised_revenue,
        expenses,
        supplier_costs,
        leave_hours,
        bank_movements,
    )
}
AMOUNTS = ("contract_amount", "hours", "amount", "net_amount", "recognised_amount")


@pytest.fixture
def books(new_warehouse: Warehouse) -> Books:
    """The latest load that the tables were built from is called "later"."""
    books = Books(new_warehouse.path)
    built_from = [{"source_system": system, "last_load_id": "later"} for system in CHOSEN.values()]
    books.table("canonical.feed_status", *built_from)
    return books


def test_every_raw_control_has_a_case():
    assert set(RAW_CASES) == set(RAW_CONTROLS)


@pytest.mark.parametrize("control", RAW_CASES)
def test_raw_and_canonical(books: Books, control: str, failures: Callable[[Report], str]):
    books.empty_raw(CHOSEN[RAW_CONTROLS[control]])
    table, rows = RAW_CASES[control](books)
    suite = SUITES[f"{control}_in_canonical"]
    books.table(table, *rows)
    good = books.check(suite)
    assert good.passed, good.failures
    amount = next(name for name in AMOUNTS if name in rows[0])
    cent = rows[0] | {amount: rows[0][amount] + Decimal("0.01")}
    books.table(table, cent, *rows[1:])
    text = failures(books.check(suite))
    assert "raw" in text and "canonical" in text
    books.table(table, rows[0] | {"is_deleted": True}, *rows[1:])
    assert failures(books.check(suite))
    books.table(table, *rows, of("another system", **{k: v for k, v in rows[0].items() if k not in of("")}))
    assert books.check(suite).passed


def test_what_was_loaded_since_the_build_is_not_compared(books: Books):
    system = CHOSEN["crm"]
    books.empty_raw(system)
    table, rows = contract_value(books)
    books.table(table, *rows)
    books.run(
        f"insert into raw_{system}.sow_line by name select * replace ('4' as id, 'much later' as _dlt_load_id)"
        f" from raw_{system}.sow_line where id = '1'"
    )
    suite = SUITES["contract_value_in_canonical"]
    assert books.check(suite).passed
    books.run(f"update raw_{system}.sow_line set _dlt_load_id = 'later' where id = '4'")
    assert not books.check(suite).passed


def item(item_type: str, identity: str, **values: Any) -> Row:
    return {"item_type": item_type, "item_id": identity, "as_of_date": AS_OF, **values}


@pytest.fixture
def ledger(books: Books) -> Books:
    """One record of each kind, each accounted for in the ledger; plus what lies after the business date."""
    day, later = date(2026, 4, 3), date(2026, 5, 3)
    books.table(
        "canonical.time_entry",
        of("psa", time_entry_id="t", work_date=day, billable_hours=money("7.5")),
        of("psa", time_entry_id="t2", work_date=later, billable_hours=money("8")),
    )
    books.table(
        "canonical.expense_item",
        of("exp", expense_item_id="e", expense_date=day, amount=money("80.40"), currency="EUR"),
    )
    cost = {"supplier_cost_id": "s", "net_amount": money("900"), "currency": "GBP", "document_type": "invoice"}
    books.table("canonical.supplier_cost", of("pro", **cost))
    books.table("canonical.milestone", of("psa", milestone_id="m", due_date=day, amount=money("5000"), currency="USD"))
    invoice = of("erp", invoice_id="i", status="posted", posted_date=day, intercompany_legal_entity_id="")
    books.table("canonical.invoice", invoice)
    # An empty column has no type of its own.
    books.run("update canonical.invoice set intercompany_legal_entity_id = null")
    books.table(
        "canonical.invoice_line",
        of("erp", invoice_id="i", invoice_line_id="l", line_type="items", net_amount=money("100"), currency="USD"),
        of("erp", invoice_id="i", invoice_line_id="l0", line_type="items", net_amount=money("0"), currency="USD"),
        of(
            "erp",
            invoice_id="i",
            invoice_line_id="prepaid",
            line_type="retainer",
            net_amount=money("50"),
            currency="USD",
        ),
    )
    books.table(
        "ledger.ledger__items",
        item("time_entry", "t", service_date=day, quantity=money("7.5")),
        item("expense_item", "e", service_date=day, quantity=money("1")),
        item("supplier_cost", "s", service_date=day, quantity=money("1")),
        item("milestone", "m", service_date=day, quantity=money("1")),
    )
    billed = {"invoice_line_id": "l", "posted_date": day, "currency": "USD"}
    books.table(
        "ledger.ledger__billing_allocations", billed | {"amount": money("60.01")}, billed | {"amount": money("20")}
    )
    books.table("ledger.ledger__unexplained_billing", billed | {"unexplained_amount": money("19.99")})
    return books


LEDGER_STEPS = [name for name in SUITES if name.endswith("_in_ledger")]
ITEM_OF = {
    "time_in_ledger": "time_entry",
    "expenses_in_ledger": "expense_item",
    "supplier_costs_in_ledger": "supplier_cost",
    "milestones_in_ledger": "milestone",
}


@pytest.mark.parametrize("step", LEDGER_STEPS)
def test_canonical_and_ledger_agree(ledger: Books, step: str):
    report = ledger.check(SUITES[step])
    assert report.passed, report.failures


@pytest.mark.parametrize(("step", "kind"), ITEM_OF.items())
def test_an_item_that_is_missing_or_double_fails(
    ledger: Books, step: str, kind: str, failures: Callable[[Report], str]
):
    of_kind = f"select * from ledger.ledger__items where item_type = '{kind}'"
    ledger.run(f"insert into ledger.ledger__items {of_kind}")
    assert "canonical" in failures(ledger.check(SUITES[step]))
    ledger.run(f"delete from ledger.ledger__items where item_type = '{kind}'")
    assert "in 0" in failures(ledger.check(SUITES[step]))


def test_an_empty_ledger_fails(ledger: Books, failures: Callable[[Report], str]):
    ledger.run("delete from ledger.ledger__items")
    for step in ITEM_OF:
        assert failures(ledger.check(SUITES[step]))


def test_hours_that_the_ledger_changed_fail(ledger: Books, failures: Callable[[Report], str]):
    ledger.run("update ledger.ledger__items set quantity = quantity - 0.25 where item_type = 'time_entry'")
    text = failures(ledger.check(SUITES["time_in_ledger"]))
    assert "2026-04 hours: canonical 7.5000 in 1 records, ledger 7.2500 in 1" in text


def test_a_cent_of_billing_that_nobody_accounts_for_fails(ledger: Books, failures: Callable[[Report], str]):
    ledger.run("update ledger.ledger__unexplained_billing set unexplained_amount = unexplained_amount - 0.01")
    text = failures(ledger.check(SUITES["invoices_in_ledger"]))
    assert "2026-04 USD: canonical 100.0000 in 1 records, ledger 99.9900 in 1" in text


def test_billing_of_a_line_that_is_not_posted_fails(ledger: Books, failures: Callable[[Report], str]):
    ledger.run("update canonical.invoice set status = 'draft'")
    assert failures(ledger.check(SUITES["invoices_in_ledger"]))


def test_a_domain_without_a_system_has_no_raw_controls():
    suites = control_suites({"psa": "kantata"}, None, AS_OF)
    assert {n for n in suites if n.endswith("_in_canonical")} == {
        "time_hours_in_canonical",
        "milestone_value_in_canonical",
    }
    assert control_suites({}, None, AS_OF) == {}
