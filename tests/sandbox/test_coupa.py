"""The Coupa source against the Coupa stand-in, over HTTP, and the stand-in's own protocol."""

from __future__ import annotations

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
from ingestion.raw import CompleteFor, Window
from ingestion.sandbox.facts import Facts, Project, PurchaseOrder, Supplier, SupplierInvoice, SupplierInvoiceLine
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.coupa import CLIENT_ID, CLIENT_SECRET
from ingestion.sandbox.world import World
from ingestion.sources.coupa import connect
from ingestion.sources.coupa.schema import OBJECTS

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
STATUSES = ("approved", "pending", "disputed", "voided")


def firm() -> Facts:
    """70 suppliers and 120 invoices of two lines: two pages of the one, three of the other."""
    suppliers = [Supplier(id=f"S{n}", name=f"Supplier {n}") for n in range(70)]
    orders = [
        PurchaseOrder(id=f"O{n}", supplier=f"S{n}", project="P-1", amount=Decimal(1000), issued_on=date(2026, 2, 1))
        for n in range(6)
    ]
    invoices = [
        SupplierInvoice(
            id=f"I{n:03}",
            supplier=f"S{n % 70}",
            purchase_order=f"O{n % 6}",
            invoice_date=date(2026, 3, 1 + n % 28),
            kind="credit_note" if n == 0 else "invoice",
            status=STATUSES[n % 4],
            approved_at=datetime(2026, 4, 1, 10, tzinfo=UTC) if n % 4 == 0 else None,
            lines=[
                SupplierInvoiceLine(
                    id=f"I{n:03}-{m}",
                    project="P-1",
                    amount=Decimal("-10.50") if n == 0 else Decimal("10.50"),
                    service_from=date(2026, 3, 1),
                )
                for m in range(2)
            ],
        )
        for n in range(120)
    ]
    projects = [Project(id="P-1", name="Alpha", code="ALPHA1")]
    return Facts(suppliers=suppliers, purchase_orders=orders, supplier_invoices=invoices, projects=projects)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries happen, but do not wait."""
    monkeypatch.setattr(http_session, "BACKOFF_CAP_SECONDS", 0.001)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    with SandboxServer(World(firm(), NOW, {"procurement": "coupa"})) as server:
        monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
        for name, value in server.credentials().items():
            monkeypatch.setenv(name, value)
        yield server


def token(sandbox: SandboxServer, **form: str) -> requests.Response:
    """The answer to a token request with the right credentials, unless told otherwise."""
    right = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return requests.post(f"{sandbox.url}/coupa/oauth2/token", data={**right, **form}, timeout=10)


@pytest.fixture
def api(sandbox: SandboxServer) -> Any:
    """GET as an authorised client that is not ours."""
    bearer = f"Bearer {token(sandbox).json()['access_token']}"

    def get(path: str, accept: str = "application/json", **params: Any) -> requests.Response:
        headers = {"Authorization": bearer, "Accept": accept}
        return requests.get(f"{sandbox.url}/coupa/api{path}", params=params, headers=headers, timeout=10)

    return get


def query(tmp_path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def appended() -> dict[str, int]:
    """Rows that the latest run appended to each raw object and to the quarantine."""
    counts = pipelines.pipeline_for("coupa").last_trace.last_normalize_info.row_counts
    return {name: counts.get(name, 0) for name in (*OBJECTS, "quarantine")}


def suppliers() -> list[bytes]:
    """All suppliers as a fresh client reads them: two pages."""
    return [bytes(r) for page in connect().fetch(OBJECTS["suppliers"], Window(None)) for r in page]  # type: ignore[union-attr]


# --- the source


def test_loads_pages_then_changes_then_deletions(sandbox: SandboxServer, tmp_path: Path) -> None:
    world, coupa = sandbox.world, sandbox.world.vendors["coupa"]
    pipelines.run("coupa")
    first = appended()
    lines = [line for invoice in coupa.tables()["invoices"] for line in invoice["invoice-lines"]]
    allocated = sum(line["account"] is None for line in lines)
    assert 0 < allocated == first["invoice_allocations"] < 240
    assert (first["suppliers"], first["purchase_orders"], first["purchase_order_lines"]) == (70, 6, 6)
    assert (first["invoices"], first["invoice_lines"], first["invoice_approvals"]) == (120, 240, 60)
    assert first["quarantine"] == 0
    # Each list is asked for once, however many objects are cut from it.
    assert sum(path == "/coupa/api/invoices" for _, path in sandbox.log) == 3
    assert query(tmp_path, "select sum(total) from raw_coupa.invoice_lines") == [(Decimal(2478),)]
    code = """json_extract_string(account, '$."segment-3"')"""
    assert query(tmp_path, f"select distinct {code} from raw_coupa.invoice_allocations") == [("ALPHA1",)]

    pipelines.run("coupa")
    assert set(appended().values()) == {0}

    # One line changes, another one vanishes from its invoice, a third invoice is deleted, which Coupa calls voided.
    facts = world.facts.model_copy(deep=True)
    later = NOW + timedelta(days=1)
    changed, smaller, gone = facts.supplier_invoices[4], facts.supplier_invoices[5], facts.supplier_invoices[6]
    changed.lines[0].amount, changed.updated_at = Decimal("99.95"), later
    smaller.lines, smaller.updated_at = smaller.lines[:1], later
    gone.deleted_at = later
    world.replace_facts(facts, later)
    pipelines.run("coupa")
    key = coupa.external_id("supplier_invoice_lines", changed.lines[0].id)
    versions = query(tmp_path, f"select total from raw_coupa.invoice_lines where id = {key} order by _extracted_at")
    assert versions == [(Decimal("10.5"),), (Decimal("99.95"),)]
    dead = query(tmp_path, "select cast(id as varchar) from raw_coupa.invoice_lines where _is_deleted")
    assert dead == [(coupa.external_id("supplier_invoice_lines", "I005-1"),)]
    voided = coupa.external_id("supplier_invoices", gone.id)
    assert query(tmp_path, f"select status from raw_coupa.invoices where id = {voided} order by _extracted_at") == [
        ("disputed",),
        ("voided",),
    ]
    assert appended()["invoices"] == 3 and appended()["suppliers"] == 0

    pipelines.run("coupa")
    assert set(appended().values()) == {0}
    assert query(tmp_path, "select max(complete_through) from raw_coupa.feed") == [(later,)]


def test_drifting_records_lose_nothing(sandbox: SandboxServer, tmp_path: Path) -> None:
    def drift(invoice: dict[str, Any]) -> dict[str, Any]:
        first, second = ({**line} for line in invoice["invoice-lines"])
        if invoice["id"] == ids[0]:
            first["carbon-kg"] = "1.5"
        elif invoice["id"] == ids[1]:
            first["total"] = "a lot"
        elif invoice["id"] == ids[2]:
            del first["id"]
        elif invoice["id"] == ids[3]:
            return {k: v for k, v in invoice.items() if k != "id"} | {"invoice-lines": "none"}
        elif invoice["id"] == ids[4]:
            return invoice | {"gross-total": ["10"]}
        return invoice | {"invoice-lines": [first, second]}

    coupa = sandbox.world.vendors["coupa"]
    ids = [invoice["id"] for invoice in coupa.tables()["invoices"]]
    coupa.tamper["invoices"] = drift
    pipelines.run("coupa")
    extra = """select json_extract_string(_extra, '$."carbon-kg"') as kg from raw_coupa.invoice_lines where kg is not null"""
    assert query(tmp_path, extra) == [("1.5",)]
    reasons = query(tmp_path, "select object, reason from raw_coupa.quarantine order by object, reason")
    assert [row[0] for row in reasons] == ["invoice_lines", "invoice_lines", "invoices", "invoices"]
    assert "record has no id" in {row[1] for row in reasons}
    assert any("total" in row[1] and "a lot" in row[1] for row in reasons)
    assert appended()["invoices"] == 118 and appended()["invoice_lines"] == 236


def test_unreadable_line_lists_are_not_deletions(sandbox: SandboxServer) -> None:
    """A document that does not show its lines is not complete."""
    victim = sandbox.world.vendors["coupa"].tables()["invoices"][0]["id"]

    def hide(invoice: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in invoice.items() if k != "invoice-lines"} if invoice["id"] == victim else invoice

    sandbox.world.vendors["coupa"].tamper["invoices"] = hide
    (complete,) = (p for p in connect().fetch(OBJECTS["invoice_lines"], Window(None)) if isinstance(p, CompleteFor))
    assert len(complete.parents) == 119 and victim not in complete.parents


def test_wrong_secret_is_one_clear_sentence(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__COUPA__CLIENT_SECRET", "not-the-secret")
    with pytest.raises(PermanentError, match="coupa: .*401: invalid_client; the credentials were refused") as error:
        pipelines.run("coupa")
    assert "not-the-secret" not in str(error.value)


def test_scope_that_the_client_lacks_is_named(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__COUPA__SCOPE", "core.payables.write")
    with pytest.raises(PermanentError, match="invalid_scope"):
        suppliers()
    monkeypatch.setenv("SOURCES__COUPA__SCOPE", "core.invoice.read")
    with pytest.raises(PermanentError, match=r"403: base: The scope core\.supplier\.read is required"):
        suppliers()


def test_missing_credentials_are_named(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__COUPA__BASE_URL")
    with pytest.raises(PermanentError, match="base_url"):
        connect()


@pytest.mark.parametrize(
    ("fault", "requests_needed"),
    [
        (Fault("coupa", "status", path="/suppliers", times=2), 4),
        (Fault("coupa", "throttle", path="/suppliers", times=5), 7),
        (Fault("coupa", "truncate", path="/suppliers", times=1), 3),
        (Fault("coupa", "reset", path="/suppliers", times=1), 3),
        (Fault("coupa", "expire_token", path="/suppliers", skip=1), 3),
    ],
    ids=["500 twice", "throttle storm", "truncated", "broken connection", "expired token"],
)
def test_passing_trouble_costs_nothing(sandbox: SandboxServer, fault: Fault, requests_needed: int) -> None:
    sandbox.faults.append(fault)
    assert len(suppliers()) == 70
    assert sum("/suppliers" in path for _, path in sandbox.log) == requests_needed


def test_lasting_throttle_is_transient(sandbox: SandboxServer) -> None:
    sandbox.faults.append(Fault("coupa", "throttle", path="/suppliers", times=99))
    with pytest.raises(TransientError, match="429: rate_limit: Too many requests.*run again later"):
        suppliers()


def test_list_that_does_not_move_on_ends_the_run(sandbox: SandboxServer) -> None:
    sandbox.world.vendors["coupa"].tamper["suppliers"] = lambda row: {k: v for k, v in row.items() if k != "id"}
    with pytest.raises(PermanentError, match="the list of suppliers does not move on"):
        suppliers()


# --- the stand-in's protocol


def test_token_answers_as_documented(sandbox: SandboxServer) -> None:
    granted = token(sandbox, scope="core.invoice.read").json()
    assert (granted["expires_in"], granted["token_type"], granted["scope"]) == (86399, "bearer", "core.invoice.read")
    assert token(sandbox, scope="core.user.read").json() == {"error": "invalid_scope"}
    assert token(sandbox, client_secret="x").status_code == 401
    unauthorised = requests.get(f"{sandbox.url}/coupa/api/invoices", timeout=10)
    assert unauthorised.status_code == 401 and "errors" in unauthorised.json()


def test_answers_xml_unless_json_is_asked_for(api: Any) -> None:
    answer = api("/suppliers", accept="*/*", limit=2)
    assert answer.headers["content-type"].startswith("application/xml")
    assert answer.text.count("<supplier>") == 2 and '<suppliers type="array">' in answer.text
    assert api("/suppliers", accept="*/*", status="gone").status_code == 404
    assert api("/suppliers", status="gone").json() == []


def test_lists_are_bare_arrays_of_at_most_fifty(api: Any) -> None:
    first, second = api("/suppliers").json(), api("/suppliers", offset=50, limit=500).json()
    assert (len(first), len(second)) == (50, 20)
    ids = [row["id"] for row in first + second]
    assert ids == sorted(set(ids)) and len(ids) == 70
    assert api("/suppliers", order_by="id", dir="desc").json()[0]["id"] == ids[-1]
    assert api("/suppliers", limit="many").status_code == 400


def test_query_language(api: Any) -> None:
    invoices = api("/invoices").json()
    middle = invoices[25]
    assert len(api("/invoices", **{"id[in]": f"{invoices[0]['id']},{middle['id']}"}).json()) == 2
    assert api("/invoices", **{"id[gt]": middle["id"]}).json()[0]["id"] == invoices[26]["id"]
    assert {i["status"] for i in api("/invoices", **{"status[not_eq]": "approved"}).json()}.isdisjoint({"approved"})
    for name in ("invoice-number", "invoice_number"):
        assert [i["id"] for i in api("/invoices", **{name: middle["invoice-number"]}).json()] == [middle["id"]]
    assert len(api("/invoices", **{"supplier[name]": "Supplier 1"}).json()) == 2
    assert api("/invoices", **{"updated_at[gt_or_eq]": "2026-04-02"}).json() == []
    recent = api("/invoices", **{"updated_at[gt_or_eq]": "2026-04-01T10:00:00Z", "updated-at[lt]": "2026-04-02"}).json()
    assert len(recent) == 30 and {i["status"] for i in recent} == {"approved"}
    assert api("/invoices", **{"updated_at[gt]": "yesterday"}).status_code == 400


def test_records_have_the_vendors_shape(sandbox: SandboxServer, api: Any) -> None:
    coupa = sandbox.world.vendors["coupa"]
    credit = api(f"/invoices/{coupa.external_id('supplier_invoices', 'I000')}").json()
    assert (credit["document-type"], credit["is-credit-note"], credit["gross-total"]) == ("Credit Note", True, "-21.00")
    assert credit["invoice-date"] == "2026-03-01T00:00:00-08:00"
    assert credit["approvals"][0]["approval-date"] == "2026-04-01T03:00:00-07:00"
    lines = [line for invoice in api("/invoices").json() for line in invoice["invoice-lines"]]
    for line in lines:
        assert (line["account"] is None) is bool(line["account-allocations"])
    account = next(line["account"] for line in lines if line["account"])
    assert (account["segment-3"], account["segment-20"], account["code"]) == ("ALPHA1", None, "US01-6200-ALPHA1")
    order = api("/purchase_orders", limit=1).json()[0]
    assert coupa.external_id("purchase_orders", order["po-number"]) == f"po/{order['order-lines'][0]['id']}"
    assert api("/invoices/1").status_code == 404


def test_rate_limit_does_not_say_when_to_return(sandbox: SandboxServer, api: Any) -> None:
    sandbox.faults.append(Fault("coupa", "throttle"))
    answer = api("/suppliers")
    assert answer.status_code == 429 and "retry-after" not in answer.headers
