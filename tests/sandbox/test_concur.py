"""The Concur source against the Concur stand-in, over HTTP, and the stand-in's own protocol."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests

from ingestion import pipelines
from ingestion.http import session as http_session
from ingestion.http.errors import PermanentError, TransientError
from ingestion.raw import Window
from ingestion.sandbox.facts import Expense, Facts, FxRate, LegalEntity, Project, Resource
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.concur import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from ingestion.sandbox.world import World
from ingestion.sources.concur import connect
from ingestion.sources.concur.schema import OBJECTS

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
STATUSES = ("approved", "draft", "submitted", "rejected")


def firm() -> Facts:
    """108 people with one report of two expenses each: more than one page of users, reports and entries."""
    people = [Resource(id=f"R{n:03}", name=f"Ann {n}", legal_entity="LE-US") for n in range(108)]
    expenses = [
        Expense(
            id=f"X{n:03}",
            project="P-1",
            resource=f"R{n % 108:03}",
            spent_on=date(2026, 3, 1 + n % 28),
            amount=Decimal("12.34"),
            currency="EUR",
            tax_amount=Decimal("1.10"),
            recoverable_tax_amount=Decimal("0.55"),
            receipt_hash=f"hash-{n}",
            status=STATUSES[n % 4],
            submitted_at=None if n % 4 == 1 else datetime(2026, 4, 1, 9, 0, 1, 980_000, tzinfo=UTC),
            approved_at=datetime(2026, 4, 2, 10, tzinfo=UTC) if n % 4 == 0 else None,
        )
        for n in range(216)
    ]
    rates = [FxRate(from_currency="EUR", to_currency="USD", rate_date=date(2026, 2, 1), rate=Decimal("1.1"))]
    projects = [Project(id="P-1", name="Alpha", code="ALPHA1")]
    return Facts(
        legal_entities=[LegalEntity(id="LE-US")], resources=people, projects=projects, expenses=expenses, fx_rates=rates
    )


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries happen, but do not wait."""
    monkeypatch.setattr(http_session, "BACKOFF_CAP_SECONDS", 0.001)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    with SandboxServer(World(firm(), NOW, {"expense": "concur"})) as server:
        monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
        for name, value in server.credentials().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def api(sandbox: SandboxServer) -> Any:
    """GET as an authorised client that is not ours."""
    form = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "grant_type": "refresh_token",
        "refresh_token": REFRESH_TOKEN,
    }
    grant = requests.post(f"{sandbox.url}/concur/oauth2/v0/token", data=form, timeout=10).json()

    def get(path: str, **params: str) -> requests.Response:
        url = path if path.startswith("http") else f"{grant['geolocation']}/api/v3.0{path}"
        headers = {"Authorization": f"Bearer {grant['access_token']}", "Accept": "application/json"}
        return requests.get(url, params=params, headers=headers, timeout=10)

    return get


def query(tmp_path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def appended() -> dict[str, int]:
    """Rows that the latest run appended to each raw object."""
    counts = pipelines.pipeline_for("concur").last_trace.last_normalize_info.row_counts
    return {name: counts.get(name, 0) for name in OBJECTS}


def users() -> list[bytes]:
    """All users as a fresh client reads them: two pages."""
    return [bytes(r) for page in connect().fetch(OBJECTS["users"], Window(None)) for r in page]  # type: ignore[union-attr]


# --- the source


def test_loads_pages_then_changes_then_deletions(sandbox: SandboxServer, tmp_path: Path) -> None:
    world = sandbox.world
    pipelines.run("concur")
    tables = world.vendors["concur"].tables()
    assert len(tables["reports"]) == 108 and len(tables["entries"]) == 216
    visible = sum(a["IsHidden"] is False for a in tables["allocations"])
    assert visible and len(tables["itemizations"]) > 0
    first = appended()
    assert first["users"] == 108
    for name in ("reports", "entries", "itemizations"):
        assert first[name] == len(tables[name])
    # Allocations that only the system made are not asked for, unless their report has others.
    assert visible <= first["allocations"] <= len(tables["allocations"])
    assert query(tmp_path, "select sum(transaction_amount) from raw_concur.entries") == [(Decimal("2665.44"),)]
    assert query(tmp_path, "select distinct exchange_rate, posted_amount from raw_concur.entries") == [
        (Decimal("1.1"), Decimal("13.57"))
    ]
    code = "json_extract_string(custom1, '$.Code')"
    assert query(tmp_path, f"select distinct {code} from raw_concur.itemizations") == [("ALPHA1",)]

    pipelines.run("concur")
    assert set(appended().values()) == {0}

    # One entry's amount changes, another one vanishes from its report, and a draft report is deleted with its entries.
    facts = world.facts.model_copy(deep=True)
    later = NOW + timedelta(days=1)
    concur = world.vendors["concur"]
    plain = {e["ID"] for e in tables["entries"] if not e["HasItemizations"]}
    expenses = {e.id: e for e in facts.expenses}
    second = [e for n, e in enumerate(facts.expenses) if n >= 108 and concur.external_id("expenses", e.id) in plain]
    changed, vanished = second[0], second[1]
    changed.amount, changed.updated_at = Decimal("99.00"), later
    draft = next(e for e in second[2:] if e.status == "draft")
    other = expenses[f"X{int(draft.id[1:]) - 108:03}"]
    for gone in (vanished, draft, other):
        gone.deleted_at = later
    world.replace_facts(facts, later)
    pipelines.run("concur")
    new = "_dlt_load_id = (select max(_dlt_load_id) from raw_concur.entries)"
    key = concur.external_id("expenses", changed.id)
    rows = query(
        tmp_path, f"select transaction_amount from raw_concur.entries where id = '{key}' order by _extracted_at"
    )
    assert rows == [(Decimal("12.34"),), (Decimal(99),)]
    assert query(tmp_path, f"select count(*) from raw_concur.entries where {new} and not _is_deleted") == [(1,)]
    dead = {row[0] for row in query(tmp_path, "select id from raw_concur.entries where _is_deleted")}
    assert concur.external_id("expenses", vanished.id) in dead and len(dead) == 3
    report = concur.external_id("reports", other.id)
    assert query(tmp_path, "select id from raw_concur.reports where _is_deleted") == [(report,)]

    pipelines.run("concur")
    assert set(appended().values()) == {0}
    assert query(tmp_path, "select max(complete_through) from raw_concur.feed") == [(later,)]


def test_drifting_records_lose_nothing(sandbox: SandboxServer, tmp_path: Path) -> None:
    def drift(entry: dict[str, Any]) -> dict[str, Any]:
        number = broken.get(entry["ID"])
        if number == 0:
            return entry | {"CarbonKg": Decimal("1.5")}
        if number == 1:
            return entry | {"TransactionAmount": "a lot"}
        return {k: v for k, v in entry.items() if k != "ID"} if number == 2 else entry

    concur = sandbox.world.vendors["concur"]
    pipelines.run("concur")
    broken = {entry["ID"]: n for n, entry in enumerate(concur.tables()["entries"][:2])}
    concur.tamper["entries"] = drift
    pipelines.run("concur")
    extra = "select json_extract_string(_extra, '$.CarbonKg') from raw_concur.entries where _extra is not null"
    assert query(tmp_path, extra) == [("1.5",)]
    quarantined = query(tmp_path, "select object, record_key, reason from raw_concur.quarantine")
    assert [(row[0], row[1]) for row in quarantined] == [("entries", list(broken)[1])]
    assert "TransactionAmount" in quarantined[0][2]
    # What cannot be read is still there: it must not look deleted.
    assert query(tmp_path, "select count(*) from raw_concur.entries where _is_deleted") == [(0,)]

    broken[list(broken)[1]] = 2
    pipelines.run("concur")
    reasons = {row[0] for row in query(tmp_path, "select reason from raw_concur.quarantine where record_key is null")}
    assert reasons == {"record has no ID"}


def test_wrong_secret_is_one_clear_sentence(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__CONCUR__CLIENT_SECRET", "not-the-secret")
    with pytest.raises(PermanentError, match="concur: .*401: invalid_client; the credentials were refused") as error:
        pipelines.run("concur")
    assert "not-the-secret" not in str(error.value) and REFRESH_TOKEN not in str(error.value)


def test_missing_credentials_are_named(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__CONCUR__REFRESH_TOKEN")
    with pytest.raises(PermanentError, match="refresh_token"):
        connect()


@pytest.mark.parametrize(
    ("fault", "requests_needed"),
    [
        (Fault("concur", "status", path="/users", times=2), 4),
        (Fault("concur", "throttle", path="/users", times=5), 7),
        (Fault("concur", "truncate", path="/users", times=1), 3),
        (Fault("concur", "reset", path="/users", times=1), 3),
        (Fault("concur", "expire_token", path="/users", skip=1), 3),
        (Fault("concur", "status", path="/users", status=400, body="number of requests exceeds the request limit"), 3),
    ],
    ids=["500 twice", "throttle storm", "truncated", "broken connection", "expired token", "400 that passes"],
)
def test_passing_trouble_costs_nothing(sandbox: SandboxServer, fault: Fault, requests_needed: int) -> None:
    sandbox.faults.append(fault)
    assert len(users()) == 108
    assert sum("/users" in path for _, path in sandbox.log) == requests_needed


def test_lasting_throttle_is_transient(sandbox: SandboxServer) -> None:
    sandbox.faults.append(Fault("concur", "throttle", path="/users", times=99))
    with pytest.raises(TransientError, match="429: .*run again later"):
        users()


def test_refused_request_is_permanent_and_names_the_correlation_id(sandbox: SandboxServer) -> None:
    client = connect()
    with pytest.raises(PermanentError, match="limit must be between 1 and 100 .correlation id [0-9a-f-]{36}"):
        client._session.request("GET", f"{client._url('users')}?limit=101")


def test_token_goes_to_the_geolocation_only(sandbox: SandboxServer) -> None:
    client = connect()
    client.server_time()
    with pytest.raises(PermanentError, match="refused to send the access token to 127.0.0.1:9"):
        client._session.request("GET", "http://127.0.0.1:9/api/v3.0/common/users")


def test_grant_survives_the_run_in_a_private_file(sandbox: SandboxServer, tmp_path: Path) -> None:
    users()
    (grant,) = (tmp_path / "grants").iterdir()
    assert stat.S_IMODE(grant.stat().st_mode) == 0o600
    assert "concur-refresh-1" in grant.read_text() and sandbox.url in grant.read_text()
    assert len(users()) == 108
    assert "concur-refresh-2" in grant.read_text()
    # A used-up stored token falls back to the configured one.
    grant.write_text(grant.read_text().replace("concur-refresh-2", "concur-refresh-1"))
    assert len(users()) == 108


def test_many_missing_reports_are_no_deletion(sandbox: SandboxServer, tmp_path: Path) -> None:
    pipelines.run("concur")
    sandbox.world.vendors["concur"].tamper["reports"] = lambda row: None
    with pytest.raises(Exception, match="open reports are not listed any more, nothing was marked deleted"):
        pipelines.run("concur")
    assert query(tmp_path, "select count(*) from raw_concur.reports where _is_deleted") == [(0,)]


# --- the stand-in's protocol


def test_token_answers_as_documented(sandbox: SandboxServer) -> None:
    url = f"{sandbox.url}/concur/oauth2/v0/token"
    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant_type": "refresh_token"}
    granted = requests.post(url, data={**form, "refresh_token": REFRESH_TOKEN}, timeout=10)
    assert granted.json()["expires_in"] == "3600" and granted.json()["geolocation"] == f"{sandbox.url}/concur"
    assert granted.headers["concur-correlationid"]
    refresh = {**form, "refresh_token": granted.json()["refresh_token"]}
    assert requests.post(url, data=refresh, timeout=10).status_code == 200
    reused = requests.post(url, data=refresh, timeout=10)
    assert reused.status_code == 400 and reused.json()["error"] == "invalid_grant" and reused.json()["code"] == 108


def test_missing_token_is_401_and_bad_token_403(sandbox: SandboxServer) -> None:
    url = f"{sandbox.url}/concur/api/v3.0/expense/reports"
    assert requests.get(url, timeout=10).status_code == 401
    assert requests.get(url, headers={"Authorization": "Bearer none"}, timeout=10).status_code == 403


def test_lists_page_by_absolute_address(api: Any) -> None:
    page = api("/expense/entries", user="ALL").json()
    assert len(page["Items"]) == 25 and page["NextPage"].startswith("http")
    second = api(page["NextPage"]).json()
    assert {e["ID"] for e in page["Items"]}.isdisjoint(e["ID"] for e in second["Items"])
    assert api("/expense/entries").json() == {"Items": [], "NextPage": None}
    assert api("/expense/entries", limit="101").status_code == 400
    assert api("/expense/entries", offset="no-token").status_code == 400


def test_records_have_the_vendors_shape(api: Any) -> None:
    report = api("/expense/reports", user="ALL", approvalStatusCode="A_APPR").json()["Items"][0]
    assert report["SubmitDate"] == "2026-04-01T09:00:01.98" and report["ProcessingPaymentDate"] == "2026-04-02T10:00:00"
    assert (report["CurrencyCode"], report["PaymentStatusCode"]) == ("USD", "P_PROC")
    entries = api("/expense/entries", user="ALL", limit="100").json()["Items"]
    itemized = next(e for e in entries if e["HasItemizations"])
    (part,) = api("/expense/itemizations", user="ALL", entryID=itemized["ID"]).json()["Items"]
    assert part["TransactionAmount"] == itemized["TransactionAmount"]
    allocated = next(e for e in entries if e["AllocationType"] == "F")
    shares = api("/expense/allocations", user="ALL", reportID=allocated["ReportID"]).json()["Items"]
    share = next(s for s in shares if s["EntryID"] == allocated["ID"])
    assert share["Percentage"] == "100.00000000" and share["Custom1"]["Code"] == "ALPHA1"
    assert not any(name.startswith("_") for name in share)


def test_modified_filter_and_single_report(api: Any) -> None:
    assert api("/expense/reports", user="ALL", modifiedDateAfter="2026-04-09").json()["Items"] == []
    assert api("/expense/reports", user="ALL", modifiedDateAfter="2026-04-01T23:00:00.000").json()["Items"]
    report = api("/expense/reports", user="ALL").json()["Items"][0]
    path = f"/expense/reports/{report['ID']}"
    assert api(path, user=report["OwnerLoginID"]).json() == report
    assert api(path, user="ALL").status_code == 400
    assert api(path, user="somebody.else").status_code == 404


def test_rate_limit_tells_to_retry_at_once(sandbox: SandboxServer, api: Any) -> None:
    sandbox.faults.append(Fault("concur", "throttle"))
    answer = api("/common/users")
    assert answer.status_code == 429 and answer.headers["retry-after"] == "0"
    assert answer.json()["error"]["id"] == "security.rate.limit.reached"
