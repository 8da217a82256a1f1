"""Salesforce: the stand-in speaks the vendor's protocol, and the source reads it completely, once, and survives trouble."""

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
from ingestion.sandbox.facts import (
    EPOCH,
    ChangeOrder,
    Contract,
    ContractLine,
    Customer,
    Facts,
    LegalEntity,
    Opportunity,
    RateCard,
    RateLine,
    Resource,
    StageChange,
)
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.salesforce import CLIENT_ID, CLIENT_SECRET, DAILY_REQUESTS, System
from ingestion.sandbox.systems.salesforce.ids import checksum, record_id
from ingestion.sandbox.world import World
from ingestion.sources.salesforce import OBJECTS, settings
from ingestion.sources.salesforce.client import Client
from tests.sandbox.built import build, table

NOW = datetime(2026, 4, 30, 18, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
SIGNED_AT = datetime(2026, 2, 1, 10, tzinfo=UTC)
CARD_ENTERED_AT = datetime(2026, 3, 17, 8, 30, 5, tzinfo=UTC)
CUSTOMERS = 450
DATA = "/salesforce/services/data/v62.0"
CANONICAL = ("contract_line", "rate_card", "change_order")
TERMS = {
    "discount_end_date": date(2026, 9, 30),
    "discount_tiers": "0:0;100000:5.5",
    "tier_mode": "retroactive",
    "uplift_pct": Decimal("3.2500"),
    "uplift_date": date(2027, 1, 1),
    "uplift_notice_due_date": date(2026, 10, 31),
    "uplift_notice_date": date(2026, 10, 15),
    "min_commitment_amount": Decimal("25000.1000"),
    "min_commitment_period": "year",
    "retainage_pct": Decimal("10.0000"),
    "retainage_release_date": date(2027, 3, 31),
    "overage_rate": Decimal("199.125000"),
    "late_fee_pct": Decimal("8.7500"),
    "estimated_hours": Decimal("1200.2500"),
}


def customers(**changed: dict[str, Any]) -> list[Customer]:
    """C0 to C449, last touched in March unless ``changed`` says otherwise."""
    touched = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        Customer(**({"id": f"C{n}", "name": f"Customer {n}", "updated_at": touched} | changed.get(f"C{n}", {})))
        for n in range(CUSTOMERS)
    ]


def firm(**more: Any) -> Facts:
    """One customer with everything: a deal won in a roundabout way, a statement of work, rates and a change order."""
    values: dict[str, Any] = {
        "legal_entities": [LegalEntity(id="LE1")],
        "customers": customers(
            C1={
                "parent": "C0",
                "country": "DE",
                "currency": "EUR",
                "payment_terms_days": 45,
                "tax_id": "DE 123",
                "former_names": ["Älteste KG", "旧社名"],
            }
        ),
        "opportunities": [
            Opportunity(
                id="O1",
                customer="C1",
                amount="120000.50",
                currency="EUR",
                stages=[
                    StageChange(stage="proposal", at="2026-01-10"),
                    StageChange(stage="closed_won", at=SIGNED_AT),
                    StageChange(stage="negotiation", at="2026-02-03"),
                    StageChange(stage="closed_won", at="2026-02-05"),
                ],
            )
        ],
        "contracts": [
            Contract(
                id="K1",
                customer="C1",
                opportunity="O1",
                legal_entity="LE1",
                name="Roll-out",
                currency="EUR",
                signed_on="2026-02-02",
                starts_on="2026-02-15",
                ends_on="2026-12-20",
                po_expires_on="2026-11-30",
                cap_amount="150000.50",
            )
        ],
        "contract_lines": [
            ContractLine(
                id="L1",
                contract="K1",
                name="Build",
                billing_method="tm_cap",
                amount="100000",
                cap_amount="110000.25",
                discount_pct="2.5",
                rate_card="RC1",
                passthrough_markup_pct="12",
                expense_policy="markup",
                expense_markup_pct="5",
                expense_cap_amount="9000",
                expense_categories=["Hotel", "Airfare"],
                revrec_method="labour_hours",
                estimate_at_completion="70000",
                starts_on="2026-02-15",
                discount_ends_on="2026-09-30",
                tiers=[{"from_amount": "100000", "discount_pct": "5.50"}, {"discount_pct": "0"}],
                tier_mode="retroactive",
                uplift_pct="3.25",
                uplift_on="2027-01-01",
                uplift_notice_due_on="2026-10-31",
                uplift_notice_on="2026-10-15",
                min_commitment_amount="25000.10",
                min_commitment_period="year",
                retainage_pct="10",
                retainage_release_on="2027-03-31",
                overage_rate="199.125",
                late_fee_pct="8.75",
                estimated_hours="1200.25",
            ),
            ContractLine(
                id="L2",
                contract="K1",
                billing_method="fixed_milestone",
                amount="5500",
                known_as={"crm": {"amount": "5000"}},
                rate_card="PSA-ONLY",
                revrec_method="prepaid_drawdown",
            ),
            ContractLine(id="L3", contract="K1", unknown_to=["crm"]),
        ],
        "resources": [Resource(id="R1", email="Ana@Firm.example")],
        "rate_cards": [
            RateCard(
                id="RC1",
                scope_id="L1",
                currency="EUR",
                lines=[
                    RateLine(role="Consultant", rate="180.125", valid_to="2026-03-11"),
                    RateLine(resource="R1", rate="220", valid_from="2026-03-11"),
                ],
            ),
            RateCard(id="RC2", scope="customer", scope_id="C1", currency="EUR", created_at=CARD_ENTERED_AT),
            RateCard(id="PSA-ONLY", agreed=False, lines=[RateLine(role="Consultant", rate="1")]),
        ],
        "change_orders": [
            ChangeOrder(
                id="CO1",
                contract="K1",
                contract_line="L1",
                number="CO-7",
                status="pending",
                requested_on="2026-03-20",
                amount="2500.75",
                cap_delta="1000",
                currency="EUR",
                expires_on="2026-06-30",
            ),
            ChangeOrder(id="CO2", contract="K1", contract_line="L3", approved_on="2026-03-21", currency="EUR"),
            ChangeOrder(id="CO3", contract="K1", contract_line="L1", unknown_to=["crm"]),
        ],
    }
    return Facts(**(values | more))


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(http_session, "BACKOFF_CAP_SECONDS", 0.001)
    monkeypatch.setattr(settings, "PAGE_ROWS", 200)
    return tmp_path


@pytest.fixture
def sandbox(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """A served org, with its credentials in the environment."""
    with SandboxServer(World(firm(), NOW, {"crm": "salesforce"})) as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(name, value)
        yield server


def org(server: SandboxServer) -> System:
    vendor = server.world.vendors["salesforce"]
    assert isinstance(vendor, System)
    return vendor


def load(*objects: str) -> None:
    """One run of the source, of all objects or the named ones."""
    source = pipelines.source_for("salesforce")
    pipelines.run("salesforce", source.with_resources(*objects) if objects else source)


def rows(data_dir: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute("set timezone = 'UTC'").execute(sql).fetchall()


def account_id(server: SandboxServer, customer: str) -> str:
    return org(server).external_id("customers", customer)


def calls(server: SandboxServer, part: str) -> int:
    return sum(part in path for _, path in server.log)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SandboxServer, Path]]:
    """An org that is only read, after one load of everything in pages of 200."""
    home = tmp_path_factory.mktemp("loaded")
    with SandboxServer(World(firm(), NOW, {"crm": "salesforce"})) as server:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(settings, "PAGE_ROWS", 200)
            for name, value in (server.credentials() | {"LEAKAGE_DATA_DIR": str(home)}).items():
                patch.setenv(name, value)
            load()
        yield server, home


# --- loading


def test_every_object_arrives_over_several_pages(loaded):
    server, data_dir = loaded
    assert calls(server, "/query/") == 2, "450 accounts come in three pages of 200"
    counts = {name: rows(data_dir, f"select count(*) from raw_salesforce.{name}")[0][0] for name in OBJECTS}
    assert counts == {
        "organization": 1,
        "opportunity_stage": 5,
        "account": CUSTOMERS,
        "opportunity": 1,
        "opportunity_history": 4,
        "contract": 1,
        "sow_line": 2,
        "rate_card": 2,
        "rate_card_line": 2,
        "change_order": 2,
    }
    assert rows(data_dir, "select count(*) from raw_salesforce.quarantine") == [(0,)]
    extras = " union all ".join(f"select _extra from raw_salesforce.{name}" for name in OBJECTS)
    assert rows(data_dir, f"select count(_extra) from ({extras})") == [(0,)], "every served field is declared"
    assert rows(data_dir, "select hourly_rate_c from raw_salesforce.rate_card_line order by 1") == [
        (Decimal("180.125000"),),
        (Decimal("220.000000"),),
    ]


def test_second_run_appends_nothing_and_a_change_appends_one_version(sandbox, data_dir):
    load("account")
    load("account")
    assert rows(data_dir, "select count(*) from raw_salesforce.account") == [(CUSTOMERS,)]
    sandbox.world.replace_facts(firm(customers=customers(C7={"name": "New name", "updated_at": LATER})), LATER)
    load("account")
    key = account_id(sandbox, "C7")
    names = rows(data_dir, f"select name from raw_salesforce.account where id = '{key}' order by system_modstamp")
    assert names == [("Customer 7",), ("New name",)]
    assert rows(data_dir, "select count(*) from raw_salesforce.account") == [(CUSTOMERS + 1,)]
    received = rows(data_dir, "select records_received from raw_salesforce.feed order by _extracted_at")
    assert received == [(CUSTOMERS,), (0,), (1,)], "later runs read their window only"


def test_a_record_in_the_recycle_bin_keeps_its_row_with_the_flag(sandbox, data_dir):
    load("account")
    sandbox.world.replace_facts(firm(customers=customers(C7={"updated_at": LATER, "deleted_at": LATER})), LATER)
    load("account")
    load("account")
    key = account_id(sandbox, "C7")
    versions = rows(
        data_dir, f"select is_deleted, _is_deleted from raw_salesforce.account where id = '{key}' order by 1"
    )
    assert versions == [(False, False), (True, False)], "no tombstone beside the flagged version"


@pytest.mark.parametrize("pause", [timedelta(days=2), timedelta(days=40)], ids=["delete log", "all keys compared"])
def test_a_record_deleted_for_good_becomes_a_tombstone(sandbox, data_dir, pause):
    load("account")
    sandbox.world.replace_facts(firm(customers=[c for c in customers() if c.id != "C7"]), NOW + pause)
    load("account")
    load("account")
    gone = rows(data_dir, "select id from raw_salesforce.account where _is_deleted")
    assert gone == [(account_id(sandbox, "C7"),)]


def test_a_clock_that_stands_still_or_goes_back_brings_nothing(sandbox, data_dir):
    load("account")
    sandbox.world.replace_facts(firm(), NOW - timedelta(days=3))
    load("account")
    assert rows(data_dir, "select count(*), count_if(_is_deleted) from raw_salesforce.account") == [(CUSTOMERS, 0)]


# --- trouble


def test_expired_token_in_mid_load_is_renewed_once(sandbox, data_dir):
    sandbox.faults.append(Fault("salesforce", "expire_token", path="/query/"))
    load("account")
    assert rows(data_dir, "select count(distinct id) from raw_salesforce.account") == [(CUSTOMERS,)]
    assert calls(sandbox, "/oauth2/token") == 2


def test_wrong_secret_says_so_without_retrying_or_showing_it(sandbox, data_dir, monkeypatch):
    monkeypatch.setenv("SOURCES__SALESFORCE__CLIENT_SECRET", "not-the-secret")
    with pytest.raises(PermanentError, match=r"salesforce: .*/oauth2/token answered 400: invalid_client; ") as error:
        load("account")
    assert "not-the-secret" not in str(error.value)
    assert calls(sandbox, "/oauth2/token") == 1


def test_missing_credentials_are_named(data_dir, monkeypatch):
    for name in ("LOGIN_URL", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"SOURCES__SALESFORCE__{name}", raising=False)
    with pytest.raises(PermanentError, match="client_id.*not configured"):
        load("account")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("salesforce", "status", path="/query/", times=2, status=500),
        Fault("salesforce", "status", path="/query/", times=1, status=406),
        Fault("salesforce", "throttle", path="/query", times=4),
        Fault("salesforce", "truncate", path="/queryAll"),
        Fault("salesforce", "reset", path="/query/"),
    ],
    ids=["500 twice", "406 of the edge", "request limit", "truncated JSON", "broken connection"],
)
def test_passing_trouble_costs_nothing(sandbox, data_dir, fault):
    fault.hits = 0
    sandbox.faults.append(fault)
    load("account")
    assert fault.hits >= fault.times
    assert rows(data_dir, "select count(*), count(distinct id) from raw_salesforce.account") == [(CUSTOMERS, CUSTOMERS)]


def test_throttle_storm_ends_as_transient_and_the_next_run_is_complete(sandbox, data_dir):
    sandbox.faults.append(Fault("salesforce", "throttle", path="/query/", times=http_session.MAX_ATTEMPTS))
    with pytest.raises(TransientError, match="REQUEST_LIMIT_EXCEEDED.*run again later"):
        load("account")
    load("account")
    assert rows(data_dir, "select count(*), count(distinct id) from raw_salesforce.account") == [(CUSTOMERS, CUSTOMERS)]


def test_other_403_is_permanent(sandbox, data_dir):
    body = '[{"message":"The REST API is not enabled for this Organization.","errorCode":"API_DISABLED_FOR_ORG"}]'
    sandbox.faults.append(Fault("salesforce", "status", path="/queryAll", times=9, status=403, body=body))
    with pytest.raises(PermanentError, match="403: API_DISABLED_FOR_ORG: The REST API is not enabled"):
        load("account")
    assert calls(sandbox, "/queryAll") == 1


def test_an_expired_locator_is_transient(sandbox, data_dir):
    body = '[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]'
    sandbox.faults.append(Fault("salesforce", "status", path="/query/", status=400, body=body))
    with pytest.raises(TransientError, match="the query of account expired"):
        load("account")


# --- drift


def test_renamed_and_new_fields_go_to_extra(sandbox, data_dir, caplog):
    def drift(record: dict[str, Any]) -> dict[str, Any]:
        record["Trading_Name__c"] = record.pop("Name")
        return record | {"Region__c": "EMEA"}

    org(sandbox).tamper["Account"] = drift
    load("account")
    extra = rows(data_dir, f"select name, _extra from raw_salesforce.account where id = '{account_id(sandbox, 'C7')}'")
    assert extra == [(None, '{"Region__c":"EMEA","Trading_Name__c":"Customer 7"}')]
    assert "Account has no Name" in caplog.text


def test_a_missing_field_that_verdicts_depend_on_stops_the_load(sandbox, data_dir):
    def drift(record: dict[str, Any]) -> dict[str, Any]:
        record["Value__c"] = record.pop("Amount__c")
        return record

    org(sandbox).tamper["SOW_Line__c"] = drift
    with pytest.raises(
        PermanentError, match="SOW_Line__c has no field Amount__c .* field_names for SOW_Line__c.Amount__c"
    ):
        load("sow_line")


def test_retyped_field_and_record_without_key_are_quarantined(sandbox, data_dir):
    broken = {account_id(sandbox, "C7"), account_id(sandbox, "C8")}

    def drift(record: dict[str, Any]) -> dict[str, Any]:
        if record["Id"] == account_id(sandbox, "C7"):
            record["Payment_Terms_Days__c"] = "thirty"
        elif record["Id"] == account_id(sandbox, "C8"):
            del record["Id"]
        return record

    org(sandbox).tamper["Account"] = drift
    load("account")
    assert rows(data_dir, "select count(*) from raw_salesforce.account") == [(CUSTOMERS - len(broken),)]
    reasons = rows(data_dir, "select record_key, reason from raw_salesforce.quarantine order by 1 nulls last")
    assert [key for key, _ in reasons] == [account_id(sandbox, "C7"), None]
    assert "Payment_Terms_Days__c: declared decimal, got 'thirty'" in reasons[0][1]
    assert "record has no Id" in reasons[1][1]


def test_custom_names_of_an_org_are_configurable(sandbox, data_dir, monkeypatch):
    def renamed(record: dict[str, Any]) -> dict[str, Any]:
        record["Value__c"] = record.pop("Amount__c")
        return record

    org(sandbox).object_names = {"SOW_Line__c": "Deal_Line__c"}
    org(sandbox).tamper["SOW_Line__c"] = renamed
    monkeypatch.setenv("SOURCES__SALESFORCE__OBJECT_NAMES", '{"SOW_Line__c": "Deal_Line__c", "Change_Order__c": ""}')
    monkeypatch.setenv("SOURCES__SALESFORCE__FIELD_NAMES", '{"SOW_Line__c.Amount__c": "Value__c"}')
    load("sow_line", "change_order")
    amounts = rows(data_dir, "select amount_c, _extra from raw_salesforce.sow_line order by 1")
    assert amounts == [(Decimal("5000.0000"), None), (Decimal("100000.0000"), None)]
    assert rows(data_dir, "select count(*) from raw_salesforce.change_order") == [(0,)], (
        "left out, but its table exists"
    )


def test_an_unknown_object_names_the_remedy(sandbox, data_dir, monkeypatch):
    monkeypatch.setenv("SOURCES__SALESFORCE__OBJECT_NAMES", '{"SOW_Line__c": "Nothing__c"}')
    with pytest.raises(PermanentError, match="no object Nothing__c .* set object_names"):
        load("sow_line")


def test_names_of_nothing_that_is_read_are_refused():
    with pytest.raises(PermanentError, match="field_names renames Contract.Nope__c"):
        Client("https://org.example", "id", "secret", field_names={"Contract.Nope__c": "X__c"})


# --- protocol of the stand-in


@pytest.fixture(scope="module")
def server(loaded: tuple[SandboxServer, Path]) -> SandboxServer:
    return loaded[0]


@pytest.fixture(scope="module")
def http(server: SandboxServer) -> requests.Session:
    """An authenticated session."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token(server).json()['access_token']}"
    return session


def token(server: SandboxServer, **form: str) -> requests.Response:
    fields = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return requests.post(f"{server.url}/salesforce/services/oauth2/token", data=fields | form, timeout=5)


def ask(
    server: SandboxServer, http: requests.Session, soql: str, kind: str = "query", **headers: str
) -> requests.Response:
    return http.get(f"{server.url}{DATA}/{kind}", params={"q": soql}, headers=headers, timeout=5)


def test_token_answer_and_errors(server):
    answer = token(server).json()
    assert answer["token_type"] == "Bearer"
    assert answer["instance_url"] == f"{server.url}/salesforce"
    assert answer["issued_at"] == str(int(NOW.timestamp() * 1000))
    assert "expires_in" not in answer
    for form, error in (
        ({"client_secret": "x"}, "invalid_client"),
        ({"client_id": "x"}, "invalid_client_id"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ):
        refused = token(server, **form)
        assert (refused.status_code, refused.json()["error"]) == (400, error)


def test_requests_without_a_session_are_refused(server):
    answer = requests.get(f"{server.url}{DATA}/limits", timeout=5)
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


@pytest.mark.parametrize(
    ("soql", "code", "text"),
    [
        ("SELECT Id FRM Account", "MALFORMED_QUERY", "unexpected token: 'FRM'"),
        ("SELECT FROM Account", "MALFORMED_QUERY", "ERROR at Row:1:Column:8\nunexpected token: 'FROM'"),
        ("SELECT Id FROM Account LIMIT", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account WHERE SystemModstamp > 2026-01-01T00:00:00 00:00", "MALFORMED_QUERY", "unexpected"),
        ("SELECT Id FROM Widget__c", "INVALID_TYPE", "sObject type 'Widget__c' is not supported"),
        ("SELECT Id, Bad FROM Account", "INVALID_FIELD", "No such column 'Bad' on entity 'Account'"),
        ("SELECT Id FROM Account WHERE BillingAddress = 'x'", "INVALID_FIELD", "can not be filtered"),
        (
            "SELECT Id FROM Account WHERE SystemModstamp > '2026-01-01T00:00:00Z'",
            "INVALID_FIELD",
            "must be of type dateTime and should not be enclosed in quotes",
        ),
    ],
)
def test_soql_errors(server, http, soql, code, text):
    answer = ask(server, http, soql)
    assert answer.status_code == 400
    (error,) = answer.json()
    assert error["errorCode"] == code
    assert text in error["message"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Name = 'customer 3'", ["Customer 3"]),
        ("Name IN ('Customer 3', 'Customer 4') AND IsDeleted = false ORDER BY name DESC", ["Customer 4", "Customer 3"]),
        ("Name = 'Customer 3' OR (Name = 'Customer 4' AND ParentId != null)", ["Customer 3"]),
        ("ParentId != null", ["Customer 1"]),
        ("Payment_Terms_Days__c >= 45", ["Customer 1"]),
        ("SystemModstamp > 2026-03-01T00:00:00Z", []),
        ("SystemModstamp >= 2026-03-01T02:00:00+02:00 ORDER BY Name LIMIT 2", ["Customer 0", "Customer 1"]),
        ("SystemModstamp <= 2026-03-01T00:00:00.000Z ORDER BY Name LIMIT 1 OFFSET 1", ["Customer 1"]),
    ],
)
def test_soql_conditions(server, http, condition, found):
    answer = ask(server, http, f"SELECT Name FROM Account WHERE {condition}").json()
    assert [r["Name"] for r in answer["records"]] == found


def test_records_look_as_salesforce_sends_them(server, http):
    answer = ask(server, http, "select id, amount, stagename, CloseDate, CreatedDate from Opportunity")
    key = org(server).external_id("opportunities", "O1")
    assert answer.json() == {
        "totalSize": 1,
        "done": True,
        "records": [
            {
                "attributes": {"type": "Opportunity", "url": f"/services/data/v62.0/sobjects/Opportunity/{key}"},
                "Id": key,
                "Amount": 120000.5,
                "StageName": "SOW Signed",
                "CloseDate": "2026-03-31",
                "CreatedDate": "2026-01-10T00:00:00.000+0000",
            }
        ],
    }
    assert answer.headers["Sforce-Limit-Info"] == f"api-usage={org(server).requests_used}/{DAILY_REQUESTS}"


def test_a_locator_is_a_snapshot(data_dir):
    with SandboxServer(World(firm(), NOW, {"crm": "salesforce"})) as server:
        http = requests.Session()
        http.headers["Authorization"] = f"Bearer {token(server).json()['access_token']}"
        hint = {"Sforce-Query-Options": "batchSize=200"}
        first = ask(server, http, "SELECT Id, Name FROM Account ORDER BY Name", "queryAll", **hint).json()
        assert (first["totalSize"], first["done"], len(first["records"])) == (CUSTOMERS, False, 200)
        assert first["nextRecordsUrl"].startswith("/services/data/v62.0/query/0r8")
        everything_new = {f"C{n}": {"name": "changed", "updated_at": LATER} for n in range(CUSTOMERS)}
        server.world.replace_facts(firm(customers=customers(**everything_new)), LATER)
        names = [r["Name"] for r in first["records"]]
        url = first["nextRecordsUrl"]
        while url:
            page = http.get(f"{server.url}/salesforce{url}", timeout=5).json()
            names += [r["Name"] for r in page["records"]]
            url = page.get("nextRecordsUrl")
        assert sorted(names) == sorted(f"Customer {n}" for n in range(CUSTOMERS))
        stale = http.get(f"{server.url}{DATA}/query/0r8000000000000AAA-2000", timeout=5)
        assert (stale.status_code, stale.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_recycle_bin_merges_and_delete_log():
    deleted_at = datetime(2026, 4, 29, 8, tzinfo=UTC)
    changes = {
        "C7": {"updated_at": deleted_at, "deleted_at": deleted_at},
        "C8": {"updated_at": deleted_at, "merged_into": "C9"},
    }
    facts = firm(customers=customers(**changes), contracts=[Contract(id="K8", customer="C8")])
    with SandboxServer(World(facts, NOW, {"crm": "salesforce"})) as server:
        http = requests.Session()
        http.headers["Authorization"] = f"Bearer {token(server).json()['access_token']}"
        bin_query = "SELECT Name, MasterRecordId FROM Account WHERE IsDeleted = true ORDER BY Name"
        assert ask(server, http, bin_query).json()["totalSize"] == 0
        found = ask(server, http, bin_query, "queryAll").json()["records"]
        assert [(r["Name"], r["MasterRecordId"]) for r in found] == [
            ("Customer 7", None),
            ("Customer 8", account_id(server, "C9")),
        ]
        (contract,) = ask(server, http, "SELECT AccountId, SystemModstamp FROM Contract").json()["records"]
        assert contract["AccountId"] == account_id(server, "C9"), "a merge moves the loser's records"
        assert contract["SystemModstamp"] == "2026-04-29T08:00:00.000+0000"

        url = f"{server.url}{DATA}/sobjects/Account"
        period = {"start": "2026-04-29T00:00:00+00:00", "end": "2026-04-30T00:00:00+00:00"}
        log = http.get(f"{url}/deleted/", params=period, timeout=5).json()
        assert {r["id"] for r in log["deletedRecords"]} == {account_id(server, "C7"), account_id(server, "C8")}
        assert log["latestDateCovered"] == "2026-04-30T00:00:00.000+0000"
        assert log["earliestDateAvailable"] == "2026-04-15T18:00:00.000+0000"
        assert http.get(f"{url}/updated", params=period, timeout=5).json()["ids"] == []
        old = http.get(f"{url}/deleted", params=period | {"start": "2026-03-01T00:00:00+00:00"}, timeout=5)
        assert (old.status_code, old.json()[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")


def test_describe_limits_and_unknown_resources(server, http):
    described = http.get(f"{server.url}{DATA}/sobjects/SOW_Line__c/describe", timeout=5).json()
    fields = {f["name"]: f for f in described["fields"]}
    assert fields["Amount__c"]["type"] == "currency"
    assert fields["Contract__c"]["referenceTo"] == ["Contract"]
    assert fields["Effective_Value__c"]["calculated"]
    listed = http.get(f"{server.url}{DATA}/sobjects", timeout=5).json()["sobjects"]
    assert {"Account", "Contract", "SOW_Line__c"} <= {o["name"] for o in listed}
    for path in ("limits", "limits/"):
        assert http.get(f"{server.url}{DATA}/{path}", timeout=5).json()["DailyApiRequests"]["Max"] == DAILY_REQUESTS
    for path in ("sobjects/Nope/describe", "chatter"):
        answer = http.get(f"{server.url}{DATA}/{path}", timeout=5)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_ids_carry_the_right_checksum():
    assert checksum("00D000000000062") == "EAA"
    assert checksum("005D0000001KyEo") == "IAK"
    one, again = record_id("001", "C1"), record_id("001", "C1")
    assert one == again
    assert (len(one), one[:3], one[15:]) == (18, "001", checksum(one[:15]))


# --- staging and mapping


@pytest.fixture(scope="module")
def mapped(loaded: tuple[SandboxServer, Path]) -> tuple[World, Path]:
    """The firm taken through staging, mapping and the canonical models of what was agreed."""
    server, home = loaded
    build(home, "crm", "salesforce", *CANONICAL)
    return server.world, home


def mapped_row(mapped: tuple[World, Path], entity: str, kind: str, fact_id: str) -> dict[str, Any]:
    """The mapped record of a fact, found by the id that other systems' references to it carry."""
    world, home = mapped
    found = table(home, f"mapping.map_salesforce__{entity}")[str(world.ref("crm", kind, fact_id))]
    return {name: value for name, value in found.items() if name not in {"source_id", "source_updated_at"}}


def test_customer_is_mapped_exactly(mapped):
    world, _ = mapped
    assert mapped_row(mapped, "customer", "customers", "C1") == {
        "is_deleted": False,
        "name": "Customer 1",
        "parent_source_id": world.ref("crm", "customers", "C0"),
        "currency": "EUR",
        "country": "DE",
        "payment_terms_days": 45,
        "merged_into_source_id": None,
        "customer_ref": None,
        "tax_id": "DE 123",
        "former_names": "Älteste KG\r\n旧社名",
        "legal_entity_ref": None,
    }


def test_engagement_is_mapped_exactly(mapped):
    world, _ = mapped
    assert mapped_row(mapped, "engagement", "contracts", "K1") == {
        "is_deleted": False,
        "customer_source_id": world.ref("crm", "customers", "C1"),
        "legal_entity_ref": None,
        "opportunity_source_id": world.ref("crm", "opportunities", "O1"),
        "opportunity_amount": Decimal("120000.5000"),
        "closed_won_at": SIGNED_AT.replace(tzinfo=None),
        "name": "Roll-out",
        "currency": "EUR",
        "status": "active",
        "signed_date": date(2026, 2, 2),
        "start_date": date(2026, 2, 15),
        "end_date": date(2026, 12, 20),
        "po_expires_date": date(2026, 11, 30),
        "cap_amount": Decimal("150000.5000"),
    }


def test_contract_lines_are_mapped_exactly(mapped):
    world, _ = mapped
    assert (
        mapped_row(mapped, "contract_line", "contract_lines", "L1")
        == {
            "is_deleted": False,
            "engagement_source_id": world.ref("crm", "contracts", "K1"),
            "name": "Build",
            "billing_method": "tm_cap",
            "currency": "EUR",
            "contract_amount": Decimal("100000.0000"),
            "cap_amount": Decimal("110000.2500"),
            "discount_pct": Decimal("2.5000"),
            "rate_card_source_id": world.ref("crm", "rate_cards", "RC1"),
            "billing_calendar_ref": None,
            "passthrough_basis": "cost_plus",
            "passthrough_markup_pct": Decimal("12.0000"),
            "expense_policy": "markup",
            "expense_markup_pct": Decimal("5.0000"),
            "expense_cap_amount": Decimal("9000.0000"),
            "expense_categories": "Hotel;Airfare",
            "is_no_charge": False,
            "revrec_method": "labour_hours",
            "estimate_at_completion_amount": Decimal("70000.0000"),
            "start_date": date(2026, 2, 15),
            "end_date": None,
            "final_invoice_date": None,
        }
        | TERMS
    )
    second = mapped_row(mapped, "contract_line", "contract_lines", "L2")
    assert (second["currency"], second["rate_card_source_id"]) == ("EUR", None), "a card of the PSA is not in the CRM"


def test_rates_are_mapped_exactly(mapped):
    world, _ = mapped
    assert mapped_row(mapped, "rate_card", "rate_cards", "RC1") == {
        "is_deleted": False,
        "name": "RC1",
        "origin": "agreed",
        "scope_type": "contract_line",
        "scope_ref": world.ref("crm", "contract_lines", "L1"),
        "currency": "EUR",
        "created_at": EPOCH.replace(tzinfo=None),
    }
    assert mapped_row(mapped, "rate_card", "rate_cards", "RC2")["scope_ref"] == world.ref("crm", "customers", "C1")
    assert mapped_row(mapped, "rate_card_line", "rate_card_lines", "RC1-2") == {
        "is_deleted": False,
        "rate_card_source_id": world.ref("crm", "rate_cards", "RC1"),
        "role": None,
        "resource_ref": "ana@firm.example",
        "hourly_rate": Decimal("220.000000"),
        "valid_from_date": date(2026, 3, 11),
        "valid_to_date": None,
    }


def test_change_order_is_mapped_exactly(mapped):
    world, _ = mapped
    assert mapped_row(mapped, "change_order", "change_orders", "CO1") == {
        "is_deleted": False,
        "co_number": "CO-7",
        "engagement_source_id": world.ref("crm", "contracts", "K1"),
        "contract_line_source_id": world.ref("crm", "contract_lines", "L1"),
        "status": "pending",
        "requested_date": date(2026, 3, 20),
        "approved_date": None,
        "effective_date": None,
        "delta_amount": Decimal("2500.7500"),
        "cap_delta_amount": Decimal("1000.0000"),
        "currency": "EUR",
        "expiry_date": date(2026, 6, 30),
    }
    of_an_unknown_line = mapped_row(mapped, "change_order", "change_orders", "CO2")
    assert of_an_unknown_line["engagement_source_id"] == world.ref("crm", "contracts", "K1")
    assert (of_an_unknown_line["contract_line_source_id"], of_an_unknown_line["expiry_date"]) == (None, None)


def test_what_was_agreed_is_canonical_as_it_was_agreed(mapped):
    world, home = mapped
    canonical = {model: table(home, f"canonical.{model}") for model in CANONICAL}

    def of(model: str, fact_id: str) -> dict[str, Any]:
        return canonical[model][str(world.ref("crm", f"{model}s", fact_id))]

    line, bare = of("contract_line", "L1"), of("contract_line", "L2")
    assert {name: line[name] for name in TERMS} == TERMS
    assert {bare[name] for name in TERMS} == {None}
    assert (bare["contract_amount"], bare["revrec_method"]) == (Decimal("5000.0000"), "prepaid_drawdown")
    assert of("rate_card", "RC2")["created_at"] == CARD_ENTERED_AT.replace(tzinfo=None)
    assert of("rate_card", "RC1")["created_at"] == EPOCH.replace(tzinfo=None), "whatever the clock says"
    assert [of("change_order", order)["expiry_date"] for order in ("CO1", "CO2")] == [date(2026, 6, 30), None]
    counts = [len(canonical[model]) for model in CANONICAL]
    assert counts == [2, 2, 2], "without the line and the order that the CRM has no record of"
