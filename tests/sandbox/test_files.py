"""The drop folder: what is taken from it, what is refused and why, and what a crash leaves behind."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
import yaml

from ingestion import pipelines
from ingestion.http.errors import PermanentError, SourceError
from ingestion.sandbox.facts import Customer, Facts
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.systems.files import System
from ingestion.sandbox.systems.files.formats import workbook
from ingestion.sandbox.systems.files.records import number
from ingestion.sandbox.world import World
from ingestion.sources.files import connect
from ingestion.sources.files.client import NEVER, DropFolder
from ingestion.sources.files.feed import load_feeds
from ingestion.sources.files.folder import LocalFolder
from ingestion.sources.files.schema import OBJECTS
from tests import ledger_firm
from tests.drops import NOW, SYSTEMS, Drops, firm, stand_in

DBT_PROJECT = Path(__file__).parents[2] / "dbt_project"
STAMP = "20260430120000"
INVOICES, CUSTOMERS, LINES = f"RE_AUSGANG_{STAMP}.csv", f"DEBITOREN_{STAMP}.txt", f"INVLINE.D{STAMP}"
COMPANIES, LINKS, REVENUE = f"company_list_{STAMP}.csv", f"billing_detail_{STAMP}.csv", f"revenue_schedule_{STAMP}.xlsx"


@pytest.fixture
def tools() -> Iterator[System]:
    """The stand-in with its first drop."""
    vendor = stand_in()
    yield vendor
    vendor.close()


@pytest.fixture
def drops(tools: System) -> Drops:
    return Drops(tools.folder)


@pytest.fixture
def empty(tmp_path: Path) -> Drops:
    return Drops(tmp_path)


# --- what is read ---


def test_every_feed_is_read_exactly(drops: Drops) -> None:
    taken = drops.read()
    assert set(taken.statuses.values()) == {"loaded"}
    invoices = {r["document_number"]: r for r in taken.records["invoices"]}
    bill, credit = invoices["INV-1"], invoices["CM-1"]
    assert (bill["net_amount"], bill["tax_amount"], bill["gross_amount"]) == ("1202.50", "228.48", "1430.98")
    assert (credit["net_amount"], credit["document_type"], credit["reason_code"]) == ("-1202.50", "GU", "error")
    assert credit["original_document_id"] == bill["document_id"] == number("invoices", "INV-1")
    assert bill["issue_date"] == "2026-04-01" and bill["sent_date"] is None
    assert invoices["INV-2"]["status"] == "E" and invoices["INV-2"]["posted_date"] is None
    line = next(r for r in taken.records["invoice_lines"] if r["quantity"] == "7.500000")
    assert (line["unit_price"], line["net_amount"]) == ("160.33330000", "1202.5000")
    assert line["description"] == "Beratung; “März” – Teil 1"
    assert (line["service_from"], line["resource_email"]) == ("2026-03-01", "ann@firm.example")
    assert {r["project_code"] for r in (line, *taken.records["project_costs"])} == {"P1"}
    assert sorted(r["amount"] for r in taken.records["billing_links"]) == ["-1202.50", "1000.00", "202.50"]
    assert {(r["name"], r["tax_id"]) for r in taken.records["customers"]} == {
        ('"Ärzte" 株式会社', "DE 123"), ("Beta", None),
    }  # fmt: skip
    assert taken.records["legal_entities"][0]["name"] == "Größe & Söhne, GmbH"
    assert {r["amount"] for r in taken.records["payments"]} == {"1430.98", "-9.00"}
    assert {r["amount"] for r in taken.records["project_costs"]} == {"4000.0700", "-0.0700"}
    assert {r["rate"] for r in taken.records["fx_rates"]} == {"1.08250001"}
    assert [r["rate_date"] for r in taken.records["fx_rates"]][:2] == ["2026-03-01", "2026-03-02"]
    # Every seventh amount and every fifth date was typed as text.
    assert {r["recognised_amount"] for r in taken.records["revenue_schedules"]} == {"-999.99"}
    assert taken.records["revenue_schedules"][2]["posted_date"] == "2026-03-28"
    assert taken.records["billing_calendars"][0]["frequency"] == "MENSUEL"


def test_what_a_ledger_holds_beyond_invoices_is_read_exactly() -> None:
    vendor = stand_in(ledger_firm.firm())
    taken = Drops(vendor.folder).read()
    vendor.close()
    assert set(taken.statuses.values()) == {"loaded"}

    def column(feed: str, *names: str) -> list[Any]:
        return [tuple(r[n] for n in names) if names[1:] else r[names[0]] for r in taken.records[feed]]

    assert column("customers", "represented_entity") == [None, number("legal_entities", "LE-DE")]
    refused, unsent = ("2026-04-03", "po_exhausted", "V"), (None, None, "O")
    assert column("invoices", "rejected_date", "rejection_reason", "delivery_status") == [refused, unsent]
    codes = ["SERVICE", "RETENTION", "RETENTION-R", "MIN-VOLUME", "PREPAYMENT", "INTEREST", "SERVICE"]
    assert column("invoice_lines", "product_code") == codes
    assert column("billing_links", "item_type") == ["TIME", "EXPENSE", "SUBCON", "PROGRESS"]
    kept = [("15.0025", "2.5", "bank_charges"), ("0", "0", None)]
    assert column("payments", "withholding_tax", "deduction", "deduction_reason") == kept
    assert column("disputes", "amount", "reason_code", "opened_date", "resolved_date") == [
        ("50.05", "hours", "2026-04-10", None), ("9", None, "2026-04-11", "2026-04-12"),
    ]  # fmt: skip
    assert column("write_offs", "amount", "approver", "approver_role") == [
        ("12.3456", "Ann Øre", "CFO"),
        ("1", None, None),
    ]
    assert column("contract_balances", "contract_asset", "loss_provision", "book") == [
        ("1000.0001", "4", "primary"), ("0", "-5", "ifrs"),
    ]  # fmt: skip
    assert column("wip_postings", "item_type", "amount") == [
        ("TIME", "1600.1600"), ("TIME", "-1600.1600"), ("EXPENSE", "40.0000"), ("SUBCON", "20.0000"), (None, "5.0000"),
    ]  # fmt: skip
    assert column("contract_values", "amount", "currency", "created_at") == [
        ("50000.25", "EUR", "2026-01-05T10:00:07Z"), (None, "USD", "2020-01-01T00:00:00Z"),
        ("900.1", "EUR", "2020-01-01T00:00:00Z"),
    ]  # fmt: skip
    assert column("change_orders", "amount", "cap_amount", "currency") == [
        ("5000.5", "-100", "EUR"),
        ("-3.3", "0", "GBP"),
    ]
    assert column("sync_log", "record_type", "attempt_no", "status", "can_retry", "occurred_at")[:2] == [
        ("CUSTOMER", "1", "ERROR", "N", "2026-04-01T23:30:05Z"), ("PROJECT", "2", "IN DOUBT", "Y", "2026-04-02T23:30:05Z"),
    ]  # fmt: skip


def test_ids_keep_their_leading_zeros_and_rows_say_where_they_come_from(drops: Drops) -> None:
    facts = firm()
    facts.customers += [Customer(id=f"Z{n}") for n in range(40)]
    with_zeros = stand_in(facts)
    taken = Drops(with_zeros.folder).read("customers")
    with_zeros.close()
    assert any(r["customer_no"].startswith("0") and len(r["customer_no"]) == 13 for r in taken.records["customers"])
    row = taken.records["customers"][0]
    assert (row["file_name"], row["row_number"], row["file_stamp"]) == (CUSTOMERS, 2, "2026-04-30T12:00:00+00:00")
    assert row["file_sha256"] == taken.records["manifest"][0]["sha256"]


def test_the_bank_says_what_was_paid_and_what_is_only_pending() -> None:
    facts = firm()
    facts.payments[0].paid_on = NOW.date()
    vendor = stand_in(facts)
    taken = Drops(vendor.folder).read("camt_entries", "bai_transactions")
    vendor.close()
    pending = [r for r in taken.records["camt_entries"] if r["status"] == "PDNG"]
    assert [(r["amount"], r["currency"]) for r in pending] == [("1430.98", "EUR")]
    fee, refund = sorted(taken.records["bai_transactions"], key=lambda r: r["amount"])
    assert (fee["amount"], fee["type_code"]) == ("-12.50", "698")
    assert (refund["amount"], refund["is_reversal"], refund["as_of_date"]) == ("-9.00", True, "2026-04-21")
    # The payment comes again when it is booked, as another version of the same entry.
    assert pending[0]["entry_ref"]


def test_complete_sets_and_changes(drops: Drops, tools: System) -> None:
    first = drops.read()
    assert sorted(first.complete) == [
        "billing_calendars",
        "change_orders",
        "contract_balances",
        "contract_values",
        "customers",
        "fx_rates",
        "legal_entities",
        "revenue_schedules",
    ]
    facts = firm()
    facts.customers.pop()
    facts.invoices.pop()
    facts.payments = facts.payments[:1]
    facts.invoices[0].sent_on = date(2026, 4, 30)
    tools.world.replace_facts(facts, NOW + timedelta(days=1))
    second = drops.read()
    assert [r["document_number"] for r in second.records["invoices"]] == ["INV-1"]
    assert second.deleted["invoices"] == [number("invoices", "INV-2")]
    assert second.deleted["invoice_lines"] == [number("invoice_lines", "L-3")]
    assert second.deleted["payments"] == [number("payments", "PAY-2")]
    assert len(second.records["customers"]) == 1 and "customers" in second.complete
    assert second.statuses[f"company_list_{NOW + timedelta(days=1):%Y%m%d%H%M%S}.csv"] == "unchanged"
    assert second.through["legal_entities"] == NOW + timedelta(days=1)
    assert drops.read().statuses == {}


def test_a_feed_that_never_came_is_complete_through_nothing(empty: Drops) -> None:
    taken = empty.read()
    assert taken.through["invoices"] == NEVER
    assert empty.read(domains=("bank",)).through["invoices"] is None


def test_a_copy_of_an_unchanged_version_keeps_the_clock_and_a_return_to_it_is_read(empty: Drops) -> None:
    header, one, two = "Company Code,Company Name,Currency,Country,Parent Code\n", "a,A,USD,US,\n", "a,B,USD,US,\n"
    for day, body in enumerate([one, one, two, one], 1):
        empty.put(f"company_list_2026040{day}.csv", (header + body).encode())
    taken = empty.read("legal_entities")
    assert [taken.statuses[f"company_list_2026040{day}.csv"] for day in range(1, 5)] == [
        "loaded", "unchanged", "loaded", "loaded",
    ]  # fmt: skip
    assert [r["name"] for r in taken.records["legal_entities"]] == ["A", "B", "A"]
    empty.put("company_list_20260402.csv", (header + one).encode())
    again = empty.read("legal_entities")
    assert list(again.statuses.values()) == ["duplicate"]
    assert again.records["legal_entities"] == []
    assert again.through["legal_entities"] == datetime(2026, 4, 4, tzinfo=UTC)


def test_what_the_archive_holds_is_read_again_in_the_order_of_the_exports(empty: Drops) -> None:
    header = "Company Code,Company Name,Currency,Country,Parent Code\n"
    for day, name in enumerate("ABAC", 1):
        empty.put(f"company_list_2026040{day}.csv", f"{header}a,{name},USD,US,\n".encode())
        empty.read("legal_entities")
    empty.read("legal_entities")
    assert len(empty.names("archive")) == 4
    empty.known.clear()
    again = empty.read("legal_entities")
    assert [r["name"] for r in again.records["legal_entities"]] == ["A", "B", "A", "C"]
    assert empty.read("legal_entities").records["legal_entities"] == []


# --- files that come in strange ways ---


def test_the_same_content_is_read_once_whatever_its_name(drops: Drops) -> None:
    content = (drops.inbox / INVOICES).read_bytes()
    first = drops.read("invoices")
    assert len(first.records["invoices"]) == 3
    drops.put(INVOICES, content)
    drops.put("RE_AUSGANG_20260501080000.csv", content)
    second = drops.read("invoices")
    assert second.records["invoices"] == []
    assert set(second.statuses.values()) == {"duplicate"}
    assert INVOICES not in drops.names("inbox")


def test_the_same_name_with_new_content_is_a_new_version(drops: Drops) -> None:
    content = (drops.inbox / COMPANIES).read_bytes()
    drops.read("legal_entities")
    drops.put(COMPANIES, content.replace("Größe".encode(), "Grösse".encode()))
    taken = drops.read("legal_entities")
    assert taken.records["legal_entities"][0]["name"] == "Grösse & Söhne, GmbH"
    drops.read()
    assert drops.names("archive").count(COMPANIES) == 2


def test_a_late_file_is_not_lost_and_does_not_have_the_last_word(empty: Drops) -> None:
    def costs(stamp: str, *amounts: int) -> Path:
        rows = [f"D {f'c{n}':<15}{'P':<100}{a:017d}+USD01042026" for n, a in enumerate(amounts)]
        trailer = f"T{len(rows):09d}{sum(amounts):021d}+"
        return empty.put(f"PROJCOST.D{stamp}", "\n".join([f"H{stamp}", *rows, trailer]).encode())

    costs("20260403", 30000)
    empty.read("project_costs")
    empty.read("project_costs")
    late = costs("20260402", 20000, 50000)
    os.utime(late, (0, 0))
    taken = empty.read("project_costs")
    assert [(r["cost_id"], r["amount"]) for r in taken.records["project_costs"]] == [
        ("c0", "2.0000"), ("c1", "5.0000"), ("c0", "3.0000"),
    ]  # fmt: skip
    assert taken.through["project_costs"] == datetime(2026, 4, 3, tzinfo=UTC)
    for archived in (empty.root / "archive").rglob("*20260403"):
        archived.unlink()
    costs("20260401", 10000)
    assert empty.read("project_costs").records["project_costs"] == []
    assert "no longer in the archive" in empty.error("PROJCOST.D20260401")["reason"]


def test_what_is_still_being_written_is_left_alone(drops: Drops) -> None:
    content = (drops.inbox / INVOICES).read_bytes()
    for name in (f"{INVOICES}.part", f"{INVOICES}.filepart", f"{INVOICES}.TMP"):
        drops.put(name, content)
    drops.put("RE_AUSGANG_20260501.csv", b"")
    growing = drops.put("RE_AUSGANG_20260502.csv", content)

    def grow(seconds: float) -> None:
        growing.write_bytes(content + content)

    with mock.patch("ingestion.sources.files.client.time.sleep", side_effect=grow):
        client = DropFolder(LocalFolder(drops.root), load_feeds(), {}, stable_seconds=1)
    list(client.fetch(load_feeds()["invoices"].object))
    left = drops.names("inbox")
    assert {"RE_AUSGANG_20260501.csv", "RE_AUSGANG_20260502.csv", f"{INVOICES}.part", f"{INVOICES}.TMP"} <= set(left)
    assert INVOICES not in left


def test_a_file_that_nobody_expects_is_set_aside(drops: Drops) -> None:
    drops.put("salaries.pgp", b"\x85\x02")
    drops.read()
    assert drops.error("salaries.pgp")["reason"] == "no feed is declared for files of this name"


# --- broken files ---

Change = Callable[[bytes], bytes]


def replaced(old: str, new: str, encoding: str) -> Change:
    def change(content: bytes) -> bytes:
        assert old.encode(encoding) in content
        return content.replace(old.encode(encoding), new.encode(encoding))

    return change


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        (INVOICES, lambda c: c[: len(c) * 2 // 3], "the closing record SUMME is missing"),
        (INVOICES, replaced("SUMME;3", "SUMME;4", "cp1252"), "the trailer counts 4 records, the file has 3"),
        (INVOICES, replaced("1.430,98;", "1.430,97;", "cp1252"), "the control total of gross_amount is"),
        (INVOICES, replaced("1.430,98;", "1,430.98;", "cp1252"), "gross_amount cannot be added up: row 2: not a number"),
        (INVOICES, replaced("Nettobetrag", "Betrag", "cp1252"), "column net_amount is missing: no header is one of"),
        (INVOICES, replaced("Steuerbetrag", "Nettobetrag", "cp1252"), "column net_amount is there 2 times"),
        (INVOICES, replaced("INV-1", "INV\x81", "latin-1"), "line 2: byte 0x81 is not cp1252"),
        (INVOICES, lambda c: c.replace(b";228,48", b";228,48;9"), "line 2 has 21 fields, the header has 20"),
        (CUSTOMERS, lambda c: c[:-1], "is not utf-16"),
        (CUSTOMERS, lambda c: b"\xff\xfe", "the file has no header row"),
        (COMPANIES, replaced("GmbH\"", "GmbH", "utf-8"), "is the file complete?"),
        (LINES, lambda c: c[: c.rindex(b"\nT") + 1], "the last record is not a trailer"),
        (LINES, replaced("T000000003", "T000000002", "utf-8"), "the trailer counts 000000002 records, the file has 3"),
        (LINES, replaced("12025000+", "12025001+", "utf-8"), "the control total of net_amount is"),
        (LINES, replaced("EUR2026", "EUR 2026", "utf-8"), "has 431 characters, declared are 430"),
        (LINES, lambda c: c[c.index(b"\n") + 1 :], "the first record is not a header"),
        (REVENUE, lambda c: b"PK not a workbook", "not a readable workbook"),
        (
            f"reglements_clients_{STAMP}.csv",
            replaced(";C;", ";H;", "latin-1"),
            "'H' says neither debit nor credit",
        ),
    ],
)  # fmt: skip
def test_a_broken_file_is_set_aside_with_the_reason(drops: Drops, name: str, change: Change, reason: str) -> None:
    path = drops.inbox / name
    path.write_bytes(change(path.read_bytes()))
    feed = next(f.feed for f in load_feeds().values() if f.files.fullmatch(name))
    taken = drops.read(feed)
    assert taken.records[feed] == [] and taken.deleted[feed] == [] and taken.complete == []
    assert taken.through[feed] == NEVER
    assert taken.statuses[name] == "quarantined"
    told = drops.error(name)
    assert reason in told["reason"] and told["feed"] == feed
    assert taken.reason(name) == told["reason"]


def test_a_mended_file_is_taken_though_its_predecessor_was_not(drops: Drops) -> None:
    path = drops.inbox / INVOICES
    good = path.read_bytes()
    path.write_bytes(good[:-40])
    drops.read("invoices")
    drops.put(INVOICES, good)
    assert len(drops.read("invoices").records["invoices"]) == 3


def test_columns_may_move_and_be_added_and_speak_another_language(empty: Drops) -> None:
    text = "N° client\tName 1\tDevise\tPays\tSalesforce Id\tCompte CRM\tPayment terms (days)\tFusionné avec\tKonzerndebitor"
    text += '\tVAT No.\tFormer names\n007\tÉlan\tEUR\tFR\tx1\tcrm\t30\t\t\tFR12 345\t"Vieil Élan\nÉlan et fils"\n'
    empty.put("DEBITOREN_20260401.txt", text.encode("utf-16"))
    (row,) = empty.read("customers").records["customers"]
    assert (row["customer_no"], row["name"], row["country"], row["crm_account_id"]) == ("007", "Élan", "FR", "crm")
    assert row["payment_terms_days"] == "30" and row["Salesforce Id"] == "x1"
    assert (row["tax_id"], row["former_names"]) == ("FR12 345", "Vieil Élan\nÉlan et fils")


def test_quotes_line_breaks_and_mixed_line_ends(empty: Drops) -> None:
    text = (
        '﻿Company Code,Company Name,Currency,Country,Parent Code\r\na,"One, ""two""\nthree",USD,US,\n\nb,B,USD,US,a\r\n'
    )
    empty.put("company_list_20260401.csv", text.encode())
    rows = empty.read("legal_entities").records["legal_entities"]
    assert [(r["entity_code"], r["name"], r["row_number"]) for r in rows] == [
        ("a", 'One, "two"\nthree', 3), ("b", "B", 5),
    ]  # fmt: skip


def test_a_snapshot_that_lost_most_of_its_rows_is_no_mass_deletion(drops: Drops, tools: System) -> None:
    drops.read("fx_rates")
    facts = firm()
    facts.fx_rates = facts.fx_rates[:14]
    tools.world.replace_facts(facts, NOW + timedelta(days=1))
    taken = drops.read("fx_rates")
    assert taken.complete == []
    assert "only 14 records, the last complete set had 30" in taken.reason(".xlsx")


def test_an_id_that_a_spreadsheet_has_rounded_is_refused(empty: Drops) -> None:
    empty.put("company_list_20260401.csv", b"Company Code,Name,Currency,Country,Parent Code\n1.23E+11,A,USD,US,\n")
    empty.read("legal_entities")
    text = "Company Code,Company Name,Currency,Country,Parent Code\n1.23E+11,A,USD,US,\n"
    empty.put("company_list_20260402.csv", text.encode())
    taken = empty.read("legal_entities")
    assert "an id that a spreadsheet has rounded" in taken.reason("20260402.csv")


def test_a_totals_row_that_does_not_add_up_is_refused(empty: Drops) -> None:
    headers = [
        "Schedule ID",
        "Contract Line",
        "Month",
        "Book",
        "Method",
        "Planned",
        "Recognised",
        "Currency",
        "Posted On",
    ]

    def sheet(*tail: list[Any]) -> bytes:
        rows = [["a", "CL", date(2026, 1, 1), "primary", "LINEAR", None, Decimal(amount), "USD", None]
                for amount in ("0.1", "0.2")]  # fmt: skip
        return workbook([["Notes"], headers, *rows, *tail])

    totals = ["Total", None, None, None, None, None, Decimal("0.3")]
    for day, content in enumerate(
        [sheet(totals), sheet(), sheet([*totals[:6], Decimal("0.31")]), sheet(totals, ["b", "CL"])], 1
    ):
        empty.put(f"revenue_schedule_2026040{day}.xlsx", content)
    taken = empty.read("revenue_schedules")
    assert list(taken.statuses.values()).count("quarantined") == 3
    assert "the totals row (Total, Summe) is missing" in taken.reason("20260402.xlsx")
    assert "is 0.31, the records add up to 0.3" in taken.reason("20260403.xlsx")
    assert "row 6 stands below the totals" in taken.reason("20260404.xlsx")


# --- with the warehouse ---


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """The environment of the source points at a stand-in."""
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LEAKAGE_SYSTEMS", ",".join(f"{d}={s}" for d, s in SYSTEMS.items()))
    with SandboxServer(World(firm(), NOW, SYSTEMS)) as sandbox:
        for name, value in sandbox.credentials().items():
            monkeypatch.setenv(name, value)
        vendor = sandbox.world.vendors["files"]
        assert isinstance(vendor, System)
        yield vendor
    assert "files" not in sandbox.requests


def load(*objects: str) -> None:
    """One run of the pipeline over these objects and the manifest."""
    pipelines.run("files", pipelines.source_for("files").with_resources(*objects, "manifest"))


def query(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(Path(os.environ["LEAKAGE_DATA_DIR"]) / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


COUNTS = "select (select count(*) from raw_files.{0}), (select count(distinct _record_hash) from raw_files.{0})"


def test_loads_types_and_quarantines_rows(configured: System) -> None:
    inbox = configured.folder / "inbox"
    links = inbox / LINKS
    links.write_bytes(links.read_bytes().replace(b";202.50;", b";1.202,50;"))
    pipelines.run("files")
    assert query("select net_amount, posted_date, file_name from raw_files.invoices where document_type = 'GU'") == [
        (Decimal("-1202.5000"), date(2026, 4, 9), INVOICES)
    ]
    ((reason,),) = query("select reason from raw_files.quarantine")
    assert reason == "amount: declared decimal, got 'not a number written as (1,234.50): 1.202,50'"
    domains = query("select domain, min(complete_through) from raw_files.feed where object <> 'manifest' group by 1")
    assert dict(domains) == {"erp": NOW, "bank": NOW}
    assert query("select count(*) from raw_files.manifest where status = 'loaded'") == [(19,)]
    # A day later the same rows stand in another file: they are the same versions.
    before = [query(COUNTS.format(name)) for name in ("customers", "fx_rates", "invoices", "camt_entries")]
    configured.world.replace_facts(firm(), NOW + timedelta(hours=1))
    pipelines.run("files")
    after = [query(COUNTS.format(name)) for name in ("customers", "fx_rates", "invoices", "camt_entries")]
    assert after[:3] == before[:3]
    assert [p.name[17:] for p in (configured.folder / "archive").rglob(f"*{INVOICES}")] == [INVOICES]


def test_a_crash_at_any_moment_loses_and_doubles_nothing(configured: System) -> None:
    # After the files were claimed and read, before anything was loaded.
    with mock.patch("dlt.Pipeline.normalize", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        load("invoices")
    assert not (configured.folder / "inbox" / INVOICES).exists()
    pipelines.pipeline_for("files").drop_pending_packages()
    load("invoices")
    complete = query("select count(*), count(distinct document_id) from raw_files.invoices")
    assert complete == [(3, 3)]
    # Loaded, but not yet archived: the next run does that and reads nothing again.
    assert list((configured.folder / "archive").rglob("*.csv")) == []
    load("invoices")
    assert query("select count(*), count(distinct document_id) from raw_files.invoices") == complete
    assert len(list((configured.folder / "archive").rglob(f"*{INVOICES}"))) == 1
    # The warehouse is gone: the archive is what it was built from.
    (Path(os.environ["LEAKAGE_DATA_DIR"]) / "warehouse.duckdb").unlink()
    load("invoices")
    assert query("select count(*), count(distinct document_id) from raw_files.invoices") == complete


def test_only_the_served_domain_is_read(configured: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKAGE_SYSTEMS", "bank=files")
    load("invoices", "camt_entries", "bai_transactions")
    assert query("select count(*) from raw_files.invoices") == [(0,)]
    assert query("select count(*) > 0 from raw_files.camt_entries") == [(True,)]
    assert query("select complete_through from raw_files.feed where object = 'invoices'") == [(None,)]
    left = {path.name for path in (configured.folder / "inbox").iterdir()}
    assert INVOICES in left and not any(name.endswith((".xml", ".bai")) for name in left)


def test_a_firm_declares_its_own_feeds(configured: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "feeds"
    own.mkdir()
    monkeypatch.setenv("SOURCES__FILES__FEEDS_DIR", str(own))
    with pytest.raises(SourceError, match="declares no feed"):
        load("customers")
    (own / "kunden.yml").write_text("feed: customers\ntitle: Kunden\ndomain: erp\nfiles: 'k(?P<stamp>[0-9]{8})'\n")
    with pytest.raises(SourceError, match=r"kunden.yml: delivery: Field required"):
        load("customers")
    load_feeds.cache_clear()
    declared = (own / "kunden.yml").read_text() + (
        "delivery: snapshot\nformat: delimited\nencoding: latin-1\ndelimiter: ','\n"
        "optional: [merged_into_no, parent_no, tax_id, former_names, represented_entity]\n"
        "columns: {customer_no: [Nr], name: [Name], parent_no: [], currency: [W], country: [L],"
        " payment_terms_days: [Ziel], merged_into_no: [], crm_account_id: [CRM],"
        " tax_id: [], former_names: [], represented_entity: []}\n"
    )
    (own / "kunden.yml").write_text(declared)
    (configured.folder / "inbox" / "k20260430").write_bytes(
        "Nr,Name,W,L,Ziel,CRM\n01,Müller,EUR,DE,30,\n".encode("latin-1")
    )
    load("customers")
    assert query("select customer_no, name, payment_terms_days from raw_files.customers") == [("01", "Müller", 30)]
    # What few tools have does not hold the ledger up when it is not declared; what every ledger has does.
    load("disputes", "invoices")
    through = "select object, max(complete_through) from raw_files.feed where object <> 'manifest' group by 1"
    assert dict(query(through)) == {
        "customers": datetime(2026, 4, 30, tzinfo=UTC), "disputes": datetime(2026, 4, 30, tzinfo=UTC), "invoices": None,
    }  # fmt: skip


def test_what_is_missing_is_said_and_secrets_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path / "data"))
    pipelines.pipeline_for("files")
    with pytest.raises(PermanentError, match="location not configured"):
        connect()
    monkeypatch.setenv("SOURCES__FILES__LOCATION", str(tmp_path))
    with pytest.raises(PermanentError, match="has no folder inbox"):
        connect()
    monkeypatch.setenv("SOURCES__FILES__LOCATION", str(tmp_path / "nowhere"))
    with pytest.raises(PermanentError, match="does not exist"):
        connect()
    monkeypatch.setenv("SOURCES__FILES__LOCATION", "sftp://me:hush@files.example/drop")
    with pytest.raises(PermanentError, match="holds a password") as failure:
        connect()
    assert "hush" not in str(failure.value)


def test_the_demo_needs_no_folder_of_its_own() -> None:
    vendor = stand_in(Facts())
    folder = vendor.folder
    assert list((folder / "inbox").iterdir())
    vendor.close()
    assert not folder.exists()


def test_every_object_is_part_of_its_domains_feed_and_the_manifest_of_none() -> None:
    """A feed reaches as far as all its parts do; the manifest tells how files fared and reaches nowhere."""
    sources = yaml.safe_load((DBT_PROJECT / "models/staging/files/_files__sources.yml").read_text("utf-8"))["sources"]
    declared = {table["name"]: table["config"]["meta"].get("domain") for table in sources[0]["tables"]}
    assert {name: declared[name] for name in OBJECTS} == {n: obj.domain or "none" for n, obj in OBJECTS.items()}


def test_sshfs_stays_away() -> None:
    """fsspec would prefer it for sftp addresses and it cannot be opened by dlt; its host keys are not pinned either."""
    assert importlib.util.find_spec("sshfs") is None
