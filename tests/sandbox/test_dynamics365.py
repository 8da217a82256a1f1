"""The Dynamics 365 source against its stand-in, over HTTP: change tracking, companies, documents, trouble."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from ingestion import pipelines
from ingestion.contract import Bookmark, CompleteSet, CompleteWindow, Deleted, Window
from ingestion.http import session as http_session
from ingestion.http.errors import PartialLoadError, PermanentError, TransientError
from ingestion.sandbox.facts import Payment, Project
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.dynamics365 import System
from ingestion.sandbox.systems.dynamics365 import system as stand_in
from ingestion.sandbox.systems.dynamics365.ids import company, guid
from ingestion.sandbox.world import World
from ingestion.sources.dynamics365 import OBJECTS, connect, settings
from tests.sandbox.dynamics365_firm import firm

NOW = datetime(2026, 4, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
TOKEN = "oauth2/v2.0/token"
DETAILS = "msdyn_invoicelinetransaction"
EVERYTHING = Window(None)


@pytest.fixture(autouse=True)
def small_and_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, so that a small firm has many of them; retries happen, but hardly wait."""
    monkeypatch.setattr(settings, "DATAVERSE_PAGE_ROWS", 50)
    monkeypatch.setattr(settings, "FINANCE_PAGE_ROWS", 50)
    monkeypatch.setattr(http_session, "BACKOFF_CAP_SECONDS", 0.001)
    monkeypatch.setattr(stand_in, "RETRY_AFTER_SECONDS", 0.001)


@pytest.fixture
def world() -> World:
    return World(firm(), NOW, {"erp": "dynamics365"})


@pytest.fixture
def sandbox(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    server = SandboxServer(world)
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    for name, value in server.credentials().items():
        monkeypatch.setenv(name, value)
    with server:
        yield server


@pytest.fixture
def vendor(world: World) -> System:
    system = world.vendors["dynamics365"]
    assert isinstance(system, System)
    return system


def read(name: str, window: Window = EVERYTHING) -> tuple[list[dict[str, Any]], list[Any]]:
    """Records of one object as a fresh client reads them, and what else it says."""
    records: list[dict[str, Any]] = []
    said: list[Any] = []
    for page in connect().fetch(OBJECTS[name], window):
        if isinstance(page, Deleted | CompleteSet | CompleteWindow | Bookmark):
            said.append(page)
        else:
            records += [msgspec.json.decode(record) for record in page]
    return records, said


def rows(name: str) -> list[dict[str, Any]]:
    return read(name)[0]


def load(*names: str) -> dict[str, int]:
    """Load these objects, or all; the rows that were appended to each."""
    source = pipelines.source_for("dynamics365")
    pipelines.run("dynamics365", source.with_resources(*names) if names else source)
    trace = pipelines.pipeline_for("dynamics365").last_trace
    assert trace and trace.last_normalize_info
    counts = trace.last_normalize_info.row_counts
    return {name: counts.get(name, 0) for name in [*(names or OBJECTS), "quarantine"]}


def query(tmp_path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


# --- whole loads


def test_loads_everything_then_what_changed_and_nothing_else(
    sandbox: SandboxServer, world: World, tmp_path: Path
) -> None:
    first = load()
    assert all(first[name] for name in OBJECTS) and first["quarantine"] == 0
    assert (first["invoice"], first["project_invoice"], first["free_text_invoice"]) == (16, 14, 2)
    # 120 hours and a progress report billed, 3 items on the draft, 1 credited; billed ones are unbilled, reversed and
    # billed sales.
    assert first[DETAILS] == 125 and first["msdyn_actual"] == 121 * 3 + 3 + 2
    billed = "select sum(line_amount) from raw_dynamics365.project_invoice_line"
    assert query(tmp_path, billed) == [(Decimal("192480.0000") - 1604 + 5000 - 500,)]
    typed = "select category_id, transaction_currency_amount from raw_dynamics365.free_text_invoice_line order by 1"
    kinds = ("RETAINER", "RETAINREL", "TRUEUP")
    assert query(tmp_path, typed) == [
        ("LATEFEE", Decimal("99999999.9900")), *((kind, Decimal("7.1234")) for kind in kinds)
    ]  # fmt: skip
    tables = {"salesorder": 1, "salesorderdetail": 2, "changeorder": 2, "integrationlog": 8}
    entities = {"trading_partnership": 1, "dispute": 3, "write_off": 2, "contract_balance": 2, "wip_posting": 3}
    assert {name: first[name] for name in tables | entities} == tables | entities
    names = "select distinct organization_name, tax_exempt_number from raw_dynamics365.customer order by 1"
    assert query(tmp_path, names) == [("Ünïon Æ", "DE 123 456"), ("株式会社アクメ", "")]

    # A line leaves an invoice, a draft is deleted, a payment arrives, and a rate is corrected.
    facts = firm()
    facts.invoices[2].lines.pop(4)
    facts.invoices[2].updated_at = LATER - timedelta(hours=1)
    facts.invoices[13].deleted_at = LATER - timedelta(hours=1)
    facts.payments.append(Payment(id="PAY-2", invoice="INV-05", amount=Decimal(10), paid_on=date(2026, 5, 1)))
    facts.fx_rates[0].rate = Decimal("1.0800001")
    # A dispute is resolved, a write-off is taken back, a change order goes, and the integration tries again.
    facts.disputes[0].resolved_on = date(2026, 5, 1)
    facts.write_offs.pop(1)
    facts.change_orders[3].deleted_at = LATER - timedelta(hours=1)
    again = {"id": "SE-2", "attempt": 4, "status": "succeeded", "occurred_at": LATER - timedelta(hours=1)}
    facts.sync_events.append(facts.sync_events[0].model_copy(update=again))
    world.replace_facts(facts, LATER)
    second = load()
    changed = {name: count for name, count in second.items() if count}
    assert changed == {
        # The changed proforma and its rows anew, and tombstones of what it lost and of the draft.
        "invoice": 1 + 1, "invoicedetail": 9 + 1 + 1, DETAILS: 9 + 1 + 3, "msdyn_actual": 27 + 3 + 3,
        "msdyn_transactionconnection": 27 + 3 + 3,
        "project_invoice": 1, "project_invoice_line": 1,
        "payment_journal": 1, "payment_line": 1, "payment_settlement": 1, "exchange_rate": 1,
        "dispute": 1, "write_off": 1, "changeorder": 1, "integrationlog": 1,
    }  # fmt: skip
    dead = "select invoiceid from raw_dynamics365.invoice where _is_deleted"
    assert query(tmp_path, dead) == [(guid("invoices", "DRAFT"),)]
    for name in ("project_invoice_line", "write_off", "changeorder"):
        assert query(tmp_path, f"select count(*) from raw_dynamics365.{name} where _is_deleted") == [(1,)], name


def test_pages_are_followed_to_the_last(sandbox: SandboxServer) -> None:
    for name, key in ((DETAILS, f"{DETAILS}id"), ("project_invoice_line", "LineNumber")):
        sandbox.log.clear()
        found = rows(name)
        asked = [path for _, path in sandbox.log if name.replace("_", "") in path.lower().replace("_", "")]
        assert len(found) == len({r[key] for r in found}) > 100 and len(asked) == 3


def test_records_carry_the_names_that_the_schema_declares(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (person,) = rows("bookableresource")
    assert person["email"] == "Ann@firm.example" and "msdyn_primaryemail" not in person
    (first, *_) = sorted(rows("changeorder"), key=lambda r: r["name"])
    assert first["changeorderid"] == guid("change_orders", "CO-1") and first["amount"] == 2500
    assert not any(name.startswith("new_") for name in [*first, *rows("integrationlog")[0]])
    monkeypatch.setenv("SOURCES__DYNAMICS365__FIELD_NAMES", '{"bookableresource.email": "firm_mail"}')
    with pytest.raises(PermanentError, match="Could not find a property named 'firm_mail'.*README"):
        rows("bookableresource")
    monkeypatch.setenv("SOURCES__DYNAMICS365__ENTITY_NAMES", '{"revenue_schedule": "", "invoice": "firm_bill"}')
    assert read("revenue_schedule") == ([], [])
    with pytest.raises(PermanentError, match="this organisation has no table firm_bill; set entity_names"):
        rows("invoice")


def test_an_unlinked_project_is_known_by_its_number_alone(sandbox: SandboxServer, world: World) -> None:
    facts = firm()
    project = facts.projects[0]
    facts.projects += [Project(id=f"TWIN-{n}", code="SAME") for n in (1, 2)]
    project.is_unlinked = True
    world.replace_facts(facts, LATER)
    by_id = {p["msdyn_projectid"]: p["externalid"] for p in rows("msdyn_project")}
    assert by_id[guid("projects", project.id)] is None
    numbers = {p["IntegrationSourceDataId"]: p["ProjectId"] for p in rows("project")}
    assert numbers[guid("projects", project.id)] == project.code == rows("project_transaction")[0]["ProjectId"]
    # A number is given once, so namesakes carry one of their own.
    assert len(set(numbers.values())) == 3 and all(n.startswith(("P1", "SAME-")) for n in numbers.values())


# --- Dataverse: change tracking


def test_the_delta_link_brings_changes_and_deletions_only(sandbox: SandboxServer, world: World) -> None:
    everything, said = read("invoice")
    bookmark = said[0]
    assert len(everything) == 16 and said == [bookmark, CompleteSet()] and isinstance(bookmark, Bookmark)
    assert "deltatoken" in bookmark.value["delta_link"]
    again, said = read("invoice", Window(NOW, bookmark.value))
    assert again == [] and [type(s) for s in said] == [Deleted, Bookmark] and said[0].keys == []
    facts = firm()
    facts.invoices[0].tax_amount = Decimal(1)
    facts.invoices[1].deleted_at = LATER - timedelta(hours=1)
    world.replace_facts(facts, LATER)
    changed, said = read("invoice", Window(NOW, said[1].value))
    assert [r["invoiceid"] for r in changed] == [guid("invoices", "INV-00")]
    assert said[0] == Deleted([guid("invoices", "INV-01")])


def test_many_changes_come_in_pages_and_leave_one_bookmark(sandbox: SandboxServer, world: World) -> None:
    bookmark = read(DETAILS)[1][0]
    facts = firm()
    for invoice in facts.invoices:
        invoice.updated_at = LATER - timedelta(hours=1)
    world.replace_facts(facts, LATER)
    changed, said = read(DETAILS, Window(NOW, bookmark.value))
    assert len({r[f"{DETAILS}id"] for r in changed}) == len(changed) == 125
    assert [type(s) for s in said].count(Bookmark) == 1
    assert read(DETAILS, Window(NOW, said[-1].value))[0] == []


def test_an_expired_delta_token_leads_to_a_complete_reading_that_finds_deletions(
    sandbox: SandboxServer, world: World, tmp_path: Path
) -> None:
    load("invoice")
    facts = firm()
    facts.invoices[13].deleted_at = LATER
    world.replace_facts(facts, NOW + timedelta(days=8))
    assert load("invoice")["invoice"] == 1
    counts = "select records_received, tombstones from raw_dynamics365.feed order by _extracted_at"
    assert query(tmp_path, counts) == [(16, 0), (15, 1)]


def test_other_columns_and_other_hosts_make_a_bookmark_useless(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bookmark = read("msdyn_project")[1][0]
    monkeypatch.setenv("SOURCES__DYNAMICS365__FIELD_NAMES", '{"msdyn_project.externalid": "msdyn_subject"}')
    records, said = read("msdyn_project", Window(NOW, bookmark.value))
    assert len(records) == 1 and CompleteSet() in said


def test_a_table_without_change_tracking_is_read_completely(sandbox: SandboxServer, vendor: System) -> None:
    vendor.dataverse.untracked.add("invoice")
    records, said = read("invoice", Window(NOW))
    assert len(records) == 16 and said == [CompleteSet()]


# --- Finance: companies, windows, moving pages


def test_all_companies_are_read(sandbox: SandboxServer) -> None:
    documents = rows("project_invoice")
    assert {r["dataAreaId"] for r in documents} == {company("LE-US"), company("LE-DE")}
    accounts = [(r["CustomerAccount"], r["dataAreaId"]) for r in rows("customer")]
    assert len(accounts) == 3 and len({account for account, _ in accounts}) == 2


def test_posted_documents_of_the_window_are_complete(sandbox: SandboxServer) -> None:
    records, said = read("project_transaction", Window(datetime(2026, 1, 1, tzinfo=UTC)))
    assert [r["TotalCostAmount"] for r in records] == [77.5] and said == [CompleteWindow()]
    assert records[0]["TransactionDate"] == "2026-03-31T12:00:00Z"
    for name, amount, found in (
        ("wip_posting", "SalesAmount", [-400, 5]),
        ("write_off", "WriteOffAmount", [1, 160.0001]),
    ):
        records, said = read(name, Window(datetime(2026, 4, 1, tzinfo=UTC)))
        assert sorted(r[amount] for r in records) == found and said == [CompleteWindow()]
    assert read("dispute")[1] == read("contract_balance")[1] == [], "they change long after their day: read completely"


def test_a_reading_between_which_records_moved_is_repeated(
    sandbox: SandboxServer, world: World, vendor: System
) -> None:
    served: list[int] = []
    shown = vendor.finance._entities

    def moving() -> Any:
        tables = dict(shown())
        served.append(1)
        if len(served) == 2:
            # While the second page is made the first record is gone: one of the second page is never shown and
            # one of the third comes twice.
            tables["ProjectInvoiceLines"] = tables["ProjectInvoiceLines"][1:]
        return tables

    vendor.finance._entities = moving
    found = rows("project_invoice_line")
    assert len(served) == 6 and len({r["IntegrationSourceDataId"] for r in found}) == 123


def test_a_reading_that_never_stands_still_is_given_up(sandbox: SandboxServer, vendor: System) -> None:
    shown = vendor.finance._entities
    size = iter(range(130, 0, -1))
    vendor.finance._entities = lambda: {
        **shown(), "ProjectInvoiceLines": shown()["ProjectInvoiceLines"][: next(size)]
    }  # fmt: skip
    for _ in range(10):
        next(size)
    with pytest.raises(TransientError, match="ProjectInvoiceLines announced .* records and delivered .*run again"):
        rows("project_invoice_line")


# --- access, limits, trouble


def test_each_service_gets_a_token_of_its_own(sandbox: SandboxServer) -> None:
    client = connect()
    for name in ("invoice", "customer", "invoicedetail"):
        assert list(client.fetch(OBJECTS[name], Window(None)))
    assert [TOKEN in path for _, path in sandbox.log].count(True) == 2


def test_an_expired_token_is_renewed_in_the_middle(sandbox: SandboxServer) -> None:
    sandbox.faults.append(Fault("dynamics365", "expire_token", path="invoicelinetransactions", skip=1))
    assert len(rows(DETAILS)) == 125
    assert [TOKEN in path for _, path in sandbox.log].count(True) == 2


@pytest.mark.parametrize("kind", ["status", "throttle", "truncate", "reset"])
@pytest.mark.parametrize(("name", "path"), [(DETAILS, "invoicelinetransactions"), ("project_invoice_line", "Lines")])
def test_trouble_that_passes_changes_nothing(sandbox: SandboxServer, kind: str, name: str, path: str) -> None:
    sandbox.faults.append(Fault("dynamics365", kind, path=path, times=2, skip=1))
    assert len(rows(name)) == (125 if name == DETAILS else 123)
    assert sandbox.faults[0].hits >= 3


def test_a_limit_that_does_not_pass_is_named(sandbox: SandboxServer) -> None:
    sandbox.faults.append(Fault("dynamics365", "throttle", path="invoices", times=100))
    with pytest.raises(TransientError, match="429: 0x80072322: Number of requests exceeded.*run again later"):
        rows("invoice")


def test_retry_after_is_what_the_source_waits(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_in, "RETRY_AFTER_SECONDS", 17)
    waited: list[float] = []
    client = connect(sleep=waited.append)
    sandbox.faults.append(Fault("dynamics365", "throttle", path="invoices"))
    assert list(client.fetch(OBJECTS["invoice"], Window(None)))
    assert waited == [17]


def test_refused_credentials_are_one_clear_sentence(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__DYNAMICS365__CLIENT_SECRET", "wrong-secret-value")
    with pytest.raises(PermanentError, match="dynamics365: .*invalid_client.*check ") as refused:
        load("invoice")
    assert "wrong-secret-value" not in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TENANT_ID", None, "tenant_id not configured"),
        ("FINANCE_URL", None, "finance_url not configured"),
        ("FIELD_NAMES", '{"invoice.nothing": "x"}', "unknown entry invoice.nothing"),
        ("ENTITY_NAMES", '{"invoice": "x y"}', "'x y' for invoice is not a name of Dynamics 365"),
        ("FIELD_NAMES", '{"msdyn_project.externalid": ""}', "'' for msdyn_project.externalid is not a name"),
    ],
)
def test_unusable_settings_are_named(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, said: str
) -> None:
    if value is None:
        monkeypatch.delenv(f"SOURCES__DYNAMICS365__{name}")
    else:
        monkeypatch.setenv(f"SOURCES__DYNAMICS365__{name}", value)
    with pytest.raises(PermanentError, match=said):
        connect()


def test_bad_records_are_quarantined_and_the_rest_is_loaded(
    sandbox: SandboxServer, vendor: System, tmp_path: Path
) -> None:
    victims = sorted(r[f"{DETAILS}id"] for r in vendor.tables()[DETAILS])

    def drift(record: dict[str, Any]) -> dict[str, Any]:
        if record[f"{DETAILS}id"] == victims[49]:
            record[f"{DETAILS}id"] = None
        elif record[f"{DETAILS}id"] == victims[3]:
            record["msdyn_amount"] = "n/a"
        elif record[f"{DETAILS}id"] == victims[5]:
            record["newfield"] = "kept"
        return record

    vendor.tamper[DETAILS] = drift
    vendor.tamper["ProjectInvoiceHeaders"] = lambda record: record | {"CurrencyCode": 7}
    counts = load(DETAILS, "project_invoice")
    assert (counts[DETAILS], counts["project_invoice"], counts["quarantine"]) == (123, 0, 2 + 14)
    reasons = query(
        tmp_path,
        f"select record_key, reason from raw_dynamics365.quarantine where object = '{DETAILS}' order by reason",
    )
    assert [key for key, _ in reasons] == [victims[3], None] and "msdyn_amount" in reasons[0][1]
    extra = f"select _extra from raw_dynamics365.{DETAILS} where _extra is not null"
    assert query(tmp_path, extra) == [('{"newfield":"kept"}',)]


@pytest.mark.parametrize(
    ("place", "other"), [("bookableresource.email", "msdyn_project"), ("customer.TaxExemptNumber", "legal_entity")]
)
def test_a_column_that_was_renamed_or_removed_fails_its_object_alone(
    sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, other: str
) -> None:
    """Both services refuse a query that selects a column which they do not have; once it is named, nothing is lost."""
    name = place.partition(".")[0]
    monkeypatch.setenv("SOURCES__DYNAMICS365__FIELD_NAMES", f'{{"{place}": "gone"}}')
    with pytest.raises(PartialLoadError, match=f"1 of 2 objects could not be read.*: {name} .*named 'gone'") as error:
        load(name, other)
    assert {*error.value.failures} == {name}
    assert query(tmp_path, "select object from raw_dynamics365.feed") == [(other,)]
    assert query(tmp_path, f"select count(*) > 0 from raw_dynamics365.{other}") == [(True,)]
    monkeypatch.delenv("SOURCES__DYNAMICS365__FIELD_NAMES")
    assert load(name, other)[name] > 0


def test_an_object_that_lost_its_key_fails_alone(sandbox: SandboxServer, vendor: System, tmp_path: Path) -> None:
    vendor.tamper[DETAILS] = lambda record: record | {f"{DETAILS}id": None}
    with pytest.raises(PartialLoadError, match=f"{DETAILS} .dynamics365: .*; check that the records carry their key"):
        load(DETAILS, "project_invoice")
    assert query(tmp_path, "select object from raw_dynamics365.feed") == [("project_invoice",)]
    vendor.tamper.clear()
    assert load(DETAILS, "project_invoice")[DETAILS] == 125
