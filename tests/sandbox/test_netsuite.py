"""The NetSuite source against the NetSuite stand-in, over HTTP, and the stand-in's own protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import jwt
import msgspec
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ingestion import pipelines
from ingestion.contract import CompleteFor, Deleted, Window
from ingestion.http import session as http_session
from ingestion.http.errors import PermanentError, TransientError
from ingestion.sandbox.facts import (
    BilledItem,
    BillingCalendar,
    ChangeOrder,
    Contract,
    ContractBalance,
    ContractLine,
    Customer,
    Dispute,
    Expense,
    Facts,
    FxRate,
    Invoice,
    InvoiceLine,
    LegalEntity,
    Milestone,
    Payment,
    Project,
    ProjectCost,
    Resource,
    RevenueSchedule,
    SyncEvent,
    TimeEntry,
)
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.netsuite import System
from ingestion.sandbox.systems.netsuite.ids import number
from ingestion.sandbox.world import World
from ingestion.sources.netsuite import connect, settings
from ingestion.sources.netsuite.auth import TokenSignature, assertion_grant
from ingestion.sources.netsuite.schema import OBJECTS

NOW = datetime(2026, 4, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
SUITEQL = "/netsuite/services/rest/query/v1/suiteql"
PARENTS_AND_CHILDREN = ("transaction", "transactionline", "nexttransactionlinelink", "charge")
TOKEN = "/netsuite/services/rest/auth/oauth2/v1/token"


def firm() -> Facts:
    """12 invoices of 10 time entries each, and one of everything else that a ledger holds."""
    entries = [
        TimeEntry(id=f"T{n:03}", project="P-1", resource="R-1", work_date=date(2026, 3, 2), hours=Decimal(8))
        for n in range(121)
    ]
    invoices = [
        Invoice(
            id=f"INV-{n:02}",
            customer="C-1",
            legal_entity="LE-US",
            issued_on=date(2026, 4, 1),
            posted_on=date(2026, 4, 7),
            tax_amount=Decimal("160.00"),
            lines=[
                InvoiceLine(
                    id=f"L{n:02}-{m}",
                    project="P-1",
                    resource="R-1",
                    quantity=Decimal(8),
                    unit_price=Decimal("200.5"),
                    items=[BilledItem(item=f"T{n * 10 + m:03}")],
                )
                for m in range(10)
            ],
        )
        for n in range(12)
    ]
    memo = InvoiceLine(id="CM-L", amount=Decimal(-1604), unit_price=Decimal("200.5"), items=[BilledItem(item="T000")])
    mixed = InvoiceLine(
        id="MIX-L",
        amount=Decimal(940),
        items=[
            BilledItem(item="X-1", amount=Decimal(440)),
            BilledItem(item="M-1", customer="C-2", amount=Decimal(400)),
            BilledItem(item="T120", amount=Decimal(100), quantity=Decimal("0.5")),
        ],
    )
    invoices += [
        Invoice(
            id="CM-1", kind="credit_memo", customer="C-1", issued_on=date(2026, 4, 9), original_invoice="INV-00",
            reason="error", lines=[memo],
        ),
        Invoice(id="DRAFT", customer="C-1", issued_on=date(2026, 4, 9), status="draft", lines=[mixed]),
        Invoice(id="VOID", customer="C-1", issued_on=date(2026, 4, 9), status="voided"),
    ]  # fmt: skip
    return Facts(
        legal_entities=[LegalEntity(id="LE-US", name="Firm Inc.")],
        customers=[Customer(id="C-1", name="Acme"), Customer(id="C-2", name="Beta", parent="C-1", currency="EUR")],
        projects=[Project(id="P-1", name="Alpha", customer="C-1")],
        resources=[Resource(id="R-1", email="ann@firm.example")],
        time_entries=entries,
        expenses=[Expense(id="X-1", resource="R-1", spent_on=date(2026, 3, 3), amount=Decimal(400))],
        milestones=[
            Milestone(
                id="M-1", contract_line="CL-1", amount=Decimal(1000), shares={"C-1": Decimal(60), "C-2": Decimal(40)},
            )
        ],
        billing_calendars=[BillingCalendar(id="BC-1", cutoff_day=25)],
        fx_rates=[
            FxRate(from_currency="EUR", to_currency="USD", rate_date=date(2026, 3, 31), rate=Decimal("1.08")),
            FxRate(
                from_currency="EUR", to_currency="USD", rate_date=date(2026, 3, 31), rate=Decimal("1.1"),
                rate_type="month_avg",
            ),
        ],
        invoices=invoices,
        payments=[Payment(id="PAY-1", invoice="INV-01", amount=Decimal(16200), paid_on=date(2026, 4, 20))],
        revenue_schedules=[
            RevenueSchedule(
                id="RS-1", contract_line="CL-1", period="2026-03", planned=Decimal(100), recognised=Decimal(90),
            ),
            RevenueSchedule(id="RS-2", contract_line="CL-1", period="2026-03", recognised=Decimal(5)),
        ],
        project_costs=[ProjectCost(id="PC-1", project="P-1", amount=Decimal("77.5"), posted_on=date(2026, 3, 31))],
        contracts=[Contract(id="K-1", customer="C-1")],
        contract_lines=[ContractLine(id="CL-1", contract="K-1", amount=Decimal(1000))],
        change_orders=[ChangeOrder(id="CO-1", contract="K-1", contract_line="CL-1", amount=Decimal("0.0001"))],
        disputes=[
            Dispute(id="D-1", invoice="INV-02", line="L02-1", amount=Decimal("0.5"), opened_on=date(2026, 4, 10)),
        ],
        contract_balances=[ContractBalance(id="CB-1", contract="K-1", period="2026-03", contract_asset=Decimal(5))],
        sync_events=[
            SyncEvent(
                id=f"SE-{n:02}", record_type="invoice", record="INV-02", from_domain="psa", to_domain="erp", attempt=n,
                occurred_at=datetime(2026, 4, 1 + n // 24, n % 24, tzinfo=UTC),
            )
            for n in range(60)
        ],
    )  # fmt: skip


@pytest.fixture(autouse=True)
def small_and_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, so that a small firm has many of them; retries happen, but do not wait."""
    monkeypatch.setattr(settings, "PAGE_SIZE", 50)
    monkeypatch.setattr(http_session, "BACKOFF_CAP_SECONDS", 0.001)


@pytest.fixture(scope="module")
def shared_world() -> World:
    return World(firm(), NOW, {"erp": "netsuite"})


@pytest.fixture
def world(shared_world: World) -> World:
    """The unchanged firm; a test that moves it on makes its own."""
    shared_world.vendors["netsuite"].tamper.clear()
    return shared_world


@pytest.fixture
def sandbox(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    with serving(world, tmp_path, monkeypatch) as server:
        yield server


def serving(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    server = SandboxServer(world)
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    for name, value in server.credentials().items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def vendor(world: World) -> System:
    system = world.vendors["netsuite"]
    assert isinstance(system, System)
    return system


def rows(name: str, since: datetime | None = None) -> list[dict[str, Any]]:
    """Records of one object as a fresh client reads them."""
    pages = connect().fetch(OBJECTS[name], Window(since))
    return [msgspec.json.decode(r) for page in pages if not isinstance(page, Deleted | CompleteFor) for r in page]


def load(*names: str) -> dict[str, int]:
    """Load these objects, or all; the rows that were appended to each."""
    source = pipelines.source_for("netsuite")
    pipelines.run("netsuite", source.with_resources(*names) if names else source)
    trace = pipelines.pipeline_for("netsuite").last_trace
    assert trace and trace.last_normalize_info
    counts = trace.last_normalize_info.row_counts
    return {name: counts.get(name, 0) for name in [*OBJECTS, "quarantine"]}


def query(tmp_path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


# --- the source


def test_loads_everything_then_nothing_then_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(firm(), NOW, {"erp": "netsuite"})
    with serving(world, tmp_path, monkeypatch) as server:
        first = load()
        assert first["transaction"] == 15 + 1 + 1 + 1 and first["charge"] == 120 + 1 + 3 and first["timebill"] == 121
        # Each invoice has its main line, ten of revenue and one of tax; then memo, draft, payment, journal and order.
        assert first["transactionline"] == 12 * 12 + 2 + 2 + 1 + 2 + 2 + 2
        assert all(first[name] for name in OBJECTS) and first["quarantine"] == 0
        revenue = "select -sum(foreignamount) from raw_netsuite.transactionline where accountinglinetype = 'INCOME'"
        assert query(tmp_path, revenue) == [(Decimal("192480.0000") - 1604 + 940 + 1000,)]
        session = (
            "select distinct lastmodifieddate at time zone 'UTC' from raw_netsuite.transaction where tranid = 'INV-02'"
        )
        assert query(tmp_path, session) == [(datetime(2026, 4, 7, 20),)]

        assert set(load().values()) == {0}

        # One line vanishes from an invoice, another invoice and a dispute are deleted, and a payment arrives.
        facts = firm()
        changed, deleted = facts.invoices[2], facts.invoices[3]
        gone = changed.lines.pop(4)
        changed.updated_at = deleted.deleted_at = facts.disputes[0].deleted_at = LATER - timedelta(hours=1)
        facts.payments.append(
            Payment(id="PAY-2", invoice="INV-05", amount=Decimal(10), paid_on=date(2026, 5, 1), updated_at=LATER)
        )
        world.replace_facts(facts, LATER)
        server.requests.clear()
        third = load(*PARENTS_AND_CHILDREN, "dispute")
        assert third["transaction"] == 1 + 1 + 1 and third["dispute"] == 1
        # The 11 rows left of the changed invoice, its vanished line, the 12 rows of the deleted one, 2 of the payment.
        assert third["transactionline"] == 11 + 1 + 12 + 2
        assert third["charge"] == 9 + 1 + 10 and third["nexttransactionlinelink"] == 1
        dead = "select distinct {} from raw_netsuite.{} where _is_deleted order by 1"
        assert query(tmp_path, dead.format("id", "transaction")) == [(str(number("invoices", "INV-03")),)]
        assert query(tmp_path, dead.format("id", "dispute")) == [(str(number("disputes", "D-1")),)]
        lost = {row[0] for row in query(tmp_path, dead.format("uniquekey", "transactionline"))}
        assert len(lost) == 13 and str(number("invoice_lines", gone.id)) in lost

        assert set(load(*PARENTS_AND_CHILDREN).values()) == {0}


def test_pages_follow_the_key_not_the_offset(sandbox: SandboxServer) -> None:
    pages = [
        page for page in connect().fetch(OBJECTS["charge"], Window(None)) if not isinstance(page, Deleted | CompleteFor)
    ]
    ids = [int(msgspec.json.decode(record)["id"]) for page in pages for record in page]
    assert [len(page) for page in pages] == [50, 50, 24]
    assert ids == sorted(set(ids)) and len(ids) == 124


def test_custom_records_are_paged_and_read_by_their_changes(sandbox: SandboxServer) -> None:
    pages = [p for p in connect().fetch(OBJECTS["integrationlog"], Window(None)) if not isinstance(p, Deleted)]
    assert [len(page) for page in pages] == [50, 10]
    later = rows("integrationlog", datetime(2026, 4, 3, tzinfo=UTC))
    assert sorted(int(r["attempt"]) for r in later) == list(range(48, 60))
    # The session's wall clock, seven hours behind in summer.
    assert {r["attempt"]: r["occurred"] for r in later}["48"] == "2026-04-02 17:00:00"
    (order,) = rows("changeorder")
    assert (order["amount"], order["cap_amount"], order["createddate"]) == ("0.0001", "0", "2019-12-31 16:00:00")
    (balance,) = rows("contractbalance")
    assert (balance["contract_asset"], balance["loss_provision"]) == ("5", "0")


def test_a_key_of_several_fields_is_paged_in_order(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "PAGE_SIZE", 1)
    links = rows("nexttransactionlinelink")
    assert {link["nexttype"] for link in links} == {"CustPymt", "CustCred"} and len(links) == 2


def test_only_changes_of_the_window_are_asked_for(sandbox: SandboxServer) -> None:
    since = datetime(2026, 4, 8, tzinfo=UTC)
    assert {r["tranid"] for r in rows("transaction", since)} == {"CM-1", "DRAFT", "VOID", "PAY-1"}
    assert len(rows("charge", since)) == 1 + 3
    documents = {r["transaction"] for r in rows("transactionline", since)}
    assert documents == {str(number("invoices", i)) for i in ("CM-1", "DRAFT", "VOID")} | {
        str(number("payments", "PAY-1"))
    }


def test_an_expired_token_is_renewed_in_the_middle(sandbox: SandboxServer) -> None:
    sandbox.faults.append(Fault("netsuite", "expire_token", path="suiteql", skip=1))
    assert len(rows("charge")) == 124
    assert [path for _, path in sandbox.log].count(TOKEN) == 2


@pytest.mark.parametrize("kind", ["status", "throttle", "truncate", "reset"])
def test_trouble_that_passes_changes_nothing(sandbox: SandboxServer, kind: str) -> None:
    sandbox.faults.append(Fault("netsuite", kind, path="suiteql", times=2, skip=1))
    assert len({r["id"] for r in rows("charge")}) == 124
    assert sandbox.faults[0].hits == 3


def test_a_limit_that_does_not_pass_is_named(sandbox: SandboxServer) -> None:
    sandbox.faults.append(Fault("netsuite", "throttle", path="suiteql", times=100))
    with pytest.raises(TransientError, match="CONCURRENCY_LIMIT_EXCEEDED.*run again later"):
        rows("charge")


def test_bad_records_are_quarantined_and_the_rest_is_loaded(
    sandbox: SandboxServer, vendor: System, tmp_path: Path
) -> None:
    victims = sorted(r["id"] for r in vendor.tables()["charge"])

    def drift(record: dict[str, Any]) -> dict[str, Any]:
        if record.get("id") == str(victims[49]):
            del record["id"]
        elif record.get("id") == str(victims[3]):
            record["amount"] = "n/a"
        elif record.get("id") == str(victims[5]):
            record["newfield"] = "kept"
        return record

    vendor.tamper["charge"] = drift
    counts = load("charge")
    assert counts["charge"] == 122 and counts["quarantine"] == 2
    reasons = query(tmp_path, "select object, record_key, reason from raw_netsuite.quarantine order by reason")
    assert [(r[0], r[1]) for r in reasons] == [("charge", str(victims[3])), ("charge", None)]
    assert "amount" in reasons[0][2] and "id" in reasons[1][2]
    extra = "select _extra, creditmemo from raw_netsuite.charge where _extra is not null"
    assert query(tmp_path, extra) == [('{"newfield":"kept"}', None)]


def test_a_page_without_keys_is_no_endless_loop(sandbox: SandboxServer, vendor: System) -> None:
    vendor.tamper["charge"] = lambda record: {k: v for k, v in record.items() if k != "id"}
    with pytest.raises(PermanentError, match="a whole page of charge carries no id"):
        rows("charge")


# --- access


def pem(key: Any) -> str:
    kind = serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode())


def test_a_wrong_key_is_refused_in_one_clear_sentence(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = pem(ec.generate_private_key(ec.SECP256R1()))
    monkeypatch.setenv("SOURCES__NETSUITE__PRIVATE_KEY", wrong)
    with pytest.raises(PermanentError, match="netsuite: .*invalid_grant.*private_key must belong together") as refused:
        load("currency")
    message = str(refused.value)
    assert "\n" not in message and not any(line in message for line in wrong.splitlines())


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PRIVATE_KEY", None, "private_key not configured"),
        ("PRIVATE_KEY", "no key at all", "private_key is not an unencrypted PEM key"),
        ("ACCOUNT_ID", None, "account_id not configured"),
        ("TIME_ZONE", "Mars/Olympus", "time_zone 'Mars/Olympus' is not known"),
        ("FIELD_NAMES", '{"charge.nothing": "custrecord_x"}', "unknown entry charge.nothing"),
        ("FIELD_NAMES", '{"dispute.lastmodifieddate": ""}', "'' for dispute.lastmodifieddate is not a NetSuite id"),
        ("FIELD_NAMES", '{"charge.source_id": "x; y"}', "'x; y' for charge.source_id is not a NetSuite id"),
    ],
)
def test_unusable_settings_are_named(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, said: str
) -> None:
    if value is None:
        monkeypatch.delenv(f"SOURCES__NETSUITE__{name}")
    else:
        monkeypatch.setenv(f"SOURCES__NETSUITE__{name}", value)
    with pytest.raises(PermanentError, match=said):
        connect()


def test_own_names_of_fields_and_records(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__NETSUITE__RECORD_NAMES", '{"averagerate": ""}')
    assert rows("averagerate") == []
    monkeypatch.setenv("SOURCES__NETSUITE__RECORD_NAMES", '{"averagerate": "customrecord_other"}')
    with pytest.raises(PermanentError, match="Record 'customrecord_other' was not found"):
        rows("averagerate")
    monkeypatch.setenv("SOURCES__NETSUITE__FIELD_NAMES", '{"changeorder.cap_amount": ""}')
    assert [sorted(r.keys() & {"amount", "cap_amount"}) for r in rows("changeorder")] == [["amount"]]
    monkeypatch.setenv("SOURCES__NETSUITE__FIELD_NAMES", '{"transaction.sent_date": "custbody_mailed"}')
    with pytest.raises(PermanentError, match="Field 'custbody_mailed' for record 'transaction' was not found"):
        rows("transaction")


def test_a_token_works_as_well_as_a_certificate(
    sandbox: SandboxServer, vendor: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in vendor.credentials(""):
        monkeypatch.delenv(name)
    for name, value in vendor.tba_credentials(f"{sandbox.url}/netsuite").items():
        monkeypatch.setenv(name, value)
    sandbox.faults.append(Fault("netsuite", "throttle", path="suiteql", skip=1))
    assert len(rows("charge")) == 124
    assert TOKEN not in [path for _, path in sandbox.log]
    monkeypatch.setenv("SOURCES__NETSUITE__TOKEN_SECRET", "wrong")
    with pytest.raises(PermanentError, match="INVALID_LOGIN.*check the credentials"):
        rows("charge")


def test_assertions_are_signed_the_way_netsuite_accepts(sandbox: SandboxServer, vendor: System) -> None:
    key = rsa.generate_private_key(65537, 2048)
    vendor.access.certificates["rsa"] = key.public_key()
    url, client = f"{sandbox.url}{TOKEN}", vendor.access.client_id
    token, lifetime = assertion_grant(url, client, "rsa", pem(key))()
    assert token and lifetime == 3600
    now = int(time.time())
    claims = {"iss": client, "aud": url, "scope": ["rest_webservices"], "iat": now, "exp": now + 600}
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }

    def answer(changes: dict[str, Any], algorithm: str) -> tuple[int, dict[str, Any]]:
        assertion = jwt.encode(claims | changes, pem(key), algorithm, headers={"kid": "rsa"})
        response = requests.post(url, data=form | {"client_assertion": assertion}, timeout=10)
        return response.status_code, response.json()

    assert answer({}, "PS256")[1]["expires_in"] == "3600"
    refused = (400, {"error": "invalid_grant"})
    assert answer({}, "RS256") == refused
    assert answer({"exp": now + 7200}, "PS256") == refused
    assert answer({"aud": "https://elsewhere"}, "PS256") == refused
    assert answer({"scope": "restlets"}, "PS256") == refused
    assert requests.post(url, data={"grant_type": "password"}, timeout=10).json() == {"error": "invalid_request"}


def test_a_signed_request_passes_once(sandbox: SandboxServer, vendor: System) -> None:
    access = vendor.access
    auth = TokenSignature(
        vendor.account, access.consumer_key, access.consumer_secret, access.token_id, access.token_secret
    )
    request = requests.Request(
        "POST", f"{sandbox.url}{SUITEQL}", params={"limit": "5"}, json={"q": "SELECT id FROM currency"},
        headers={"Prefer": "transient"}, auth=auth,
    ).prepare()  # fmt: skip
    with requests.Session() as client:
        assert client.send(request, timeout=10).status_code == 200
        again = client.send(request, timeout=10)
        request.url = f"{sandbox.url}{SUITEQL}?limit=6"
        assert client.send(auth(request), timeout=10).status_code == 200
    assert again.status_code == 401
    assert again.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_LOGIN"
    assert again.json()["title"] == "Unauthorized"


# --- the stand-in's protocol

Ask = Callable[..., requests.Response]


@pytest.fixture
def ask(sandbox: SandboxServer, vendor: System) -> Ask:
    """SuiteQL as a client that is not ours."""
    token, _ = assertion_grant(
        f"{sandbox.url}{TOKEN}", vendor.access.client_id, vendor.access.certificate_id, vendor.access.private_key_pem
    )()

    def post(sql: str, prefer: str | None = "transient", **paging: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} | ({"Prefer": prefer} if prefer else {})
        return requests.post(f"{sandbox.url}{SUITEQL}", params=paging, json={"q": sql}, headers=headers, timeout=10)

    return post


def detail(response: requests.Response) -> str:
    body = response.json()
    assert response.status_code == body["status"] == 400 and body["title"] == "Bad Request"
    assert response.headers["Content-Type"] == "application/vnd.oracle.resource+json; type=error"
    return str(body["o:errorDetails"][0]["detail"])


def test_answers_look_like_netsuites(ask: Ask) -> None:
    columns = "ID, TranDate, duedate, foreigntotal AS Total, posting, lastmodifieddate"
    body = ask(f"SELECT {columns} FROM transaction WHERE tranid = 'INV-00'").json()
    assert body["count"] == body["totalResults"] == 1 and body["hasMore"] is False and body["offset"] == 0
    assert body["items"] == [
        {
            "links": [],
            "id": str(number("invoices", "INV-00")),
            "trandate": "4/7/2026",
            "total": "16200",
            "posting": "T",
            "lastmodifieddate": "4/7/2026",
        }
    ]


def test_oracle_functions_are_executed(ask: Ask) -> None:
    sql = """
      SELECT TO_CHAR(t.lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS h24, TO_CHAR(t.lastmodifieddate, 'HH:MI') AS h12,
        BUILTIN.DF(t.status) AS status, BUILTIN.DF(t.entity) AS entity, BUILTIN.DF(t.type) AS kind,
        NVL(t.memo, 'none') || '/' || t.memo AS memo, TO_CHAR(SYSDATE, 'YYYY-MM-DD HH24:MI') AS now
      FROM transaction t
      WHERE t.tranid = 'INV-01' AND t.trandate >= TO_DATE('2026-04-07', 'YYYY-MM-DD') AND t.trandate > SYSDATE - 30
        AND t.lastmodifieddate >= TO_TIMESTAMP('2026-04-07 13:00:00', 'YYYY-MM-DD HH24:MI:SS')
    """
    (item,) = ask(sql).json()["items"]
    assert item["h24"] == "2026-04-07 13:00:00" and item["h12"] == "01:00"
    assert (item["status"], item["entity"], item["kind"]) == ("Invoice : Paid In Full", "Acme", "Invoice")
    assert item["memo"] == "none/" and item["now"] == "2026-04-30 05:00"


@pytest.mark.parametrize("limit", ["WHERE ROWNUM <= 3 ORDER BY id", "ORDER BY id FETCH FIRST 3 ROWS ONLY"])
def test_limits_in_the_query(ask: Ask, limit: str) -> None:
    body = ask(f"SELECT id FROM charge {limit}", limit=2, offset=2).json()
    assert (body["count"], body["totalResults"], body["hasMore"]) == (1, 3, False)


def test_paging_and_its_limits(ask: Ask) -> None:
    body = ask("SELECT id FROM charge ORDER BY id", limit=100, offset=100).json()
    assert (body["count"], body["totalResults"], body["hasMore"]) == (24, 124, False)
    # A thousand pages of one result: a smaller page reaches less.
    many = "SELECT a.id FROM charge a CROSS JOIN charge b"
    last = ask(many, limit=1, offset=999).json()
    assert (last["count"], last["totalResults"], last["hasMore"]) == (1, 124 * 124, False)
    assert ask(many, limit=1, offset=1000).json()["items"] == []
    for paging in ({"limit": 1001}, {"limit": 0}, {"offset": -1}, {"limit": "x"}):
        assert "limit must be between 1 and 1000" in detail(ask("SELECT id FROM charge", **paging))


def test_requests_are_refused_in_netsuites_words(ask: Ask, sandbox: SandboxServer) -> None:
    assert "'Prefer'" in detail(ask("SELECT id FROM charge", prefer=None))
    assert "Field 'nope' for record 'charge' was not found" in detail(ask("SELECT c.nope FROM charge c"))
    assert "Record 'classification' was not found" in detail(ask("SELECT id FROM classification"))
    assert "Invalid search query" in detail(ask("SELECT FROM WHERE"))
    assert "Only SELECT" in detail(ask("DELETE FROM charge"))
    assert "was not found" in detail(ask("SELECT * FROM read_csv('/etc/hostname')"))
    assert ask("SELECT id FROM charge").status_code == 200
    anonymous = requests.post(f"{sandbox.url}{SUITEQL}", json={"q": "SELECT id FROM charge"}, timeout=10)
    assert anonymous.status_code == 401 and "Login Audit Trail" in anonymous.text


def test_the_concurrency_limit_is_called_a_bad_request(vendor: System) -> None:
    response = vendor.rate_limited()
    body = msgspec.json.decode(response.body)
    assert response.status_code == 429 and body["title"] == "Bad Request" and "retry-after" not in response.headers
    assert body["o:errorDetails"][0]["o:errorCode"] == "CONCURRENCY_LIMIT_EXCEEDED"


def test_signs_and_letters_are_the_ledgers(ask: Ask) -> None:
    columns = "tranid, status, approvalstatus, posting, voided, foreigntotal"
    documents = f"SELECT {columns} FROM transaction WHERE tranid IN ('CM-1', 'DRAFT', 'VOID')"
    found = {item["tranid"]: item for item in ask(documents).json()["items"]}
    assert (found["CM-1"]["status"], found["CM-1"]["foreigntotal"]) == ("A", "-1604")
    assert (found["DRAFT"]["status"], found["DRAFT"]["approvalstatus"], found["DRAFT"]["posting"]) == ("D", "1", "F")
    assert (found["VOID"]["status"], found["VOID"]["voided"]) == ("V", "T")
    lines = (
        "SELECT l.mainline, l.taxline, l.quantity, l.rate, l.foreignamount FROM transactionline l "
        "JOIN transaction t ON t.id = l.transaction WHERE t.tranid = '{}' ORDER BY l.linesequencenumber"
    )
    invoice = ask(lines.format("INV-00")).json()["items"]
    assert (invoice[0]["mainline"], invoice[0]["foreignamount"]) == ("T", "16200")
    assert (invoice[1]["quantity"], invoice[1]["rate"], invoice[1]["foreignamount"]) == ("-8", "200.5", "-1604")
    assert (invoice[11]["taxline"], invoice[11]["foreignamount"]) == ("T", "-160")
    credit = ask(lines.format("CM-1")).json()["items"]
    assert (credit[0]["foreignamount"], credit[1]["quantity"], credit[1]["foreignamount"]) == ("-1604", "1", "1604")


def test_references_name_the_records_of_the_other_systems(sandbox: SandboxServer, vendor: System) -> None:
    asked: list[tuple[str, str, str]] = []

    def ref(domain: str, kind: str, fact_id: str | None) -> str | None:
        asked.append((domain, kind, fact_id or ""))
        return f"{domain}:{fact_id}" if fact_id else None

    moved = World(firm(), NOW, {"erp": "netsuite"})
    moved.ref = ref  # type: ignore[method-assign, assignment]
    tables = moved.vendors["netsuite"].tables()
    draft = [c for c in tables["charge"] if c.get("invoice") == number("invoices", "DRAFT")]
    assert {(c.get("custrecord_charge_source_type"), c.get("custrecord_charge_source_id")) for c in draft} == {
        ("EXPENSE", "expense:X-1"), ("MILESTONE", "psa:M-1/C-2"), (None, None),
    }  # fmt: skip
    timed = next(c for c in draft if c.get("timerecord"))
    bill = next(b for b in tables["timebill"] if b["id"] == timed["timerecord"])
    assert bill["externalid"] == "psa:T120" and (timed["quantity"], timed["amount"]) == (Decimal("0.5"), Decimal(100))
    assert {c["externalid"] for c in tables["customer"]} == {"crm:C-1", "crm:C-2"}
    assert [j["externalid"] for j in tables["job"]] == ["psa:P-1"]


def test_each_revenue_fact_has_a_place_of_its_own(vendor: System) -> None:
    first, second = (vendor.external_id("revenue_schedules", i) for i in ("RS-1", "RS-2"))
    assert first != second and first.split("-")[1] == second.split("-")[1] == str(number("accountingperiod", "2026-03"))
    plans = {p["id"]: p for p in vendor.tables()["revenueplan"]}
    rows_of = {
        (plans[r["revenueplan"]]["revenueplantype"], r["amount"]) for r in vendor.tables()["revenueplanplannedrevenue"]
    }
    assert rows_of == {("FORECAST", Decimal(100)), ("ACTUAL", Decimal(90)), ("ACTUAL", Decimal(5))}
