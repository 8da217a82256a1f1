"""The Salesforce stand-in held to the truth by simple-salesforce, over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from ingestion.sandbox.facts import Customer, Facts, Opportunity
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.salesforce import CLIENT_ID, CLIENT_SECRET, DAILY_REQUESTS
from ingestion.sandbox.world import World
from tests.sandbox.salesforce_clients import log_in

NOW = datetime(2026, 4, 30, 18, tzinfo=UTC)
LONG_AGO, YESTERDAY = NOW - timedelta(days=60), NOW - timedelta(days=1)
CUSTOMERS = 450
SMALL_PAGES = {"Sforce-Query-Options": "batchSize=200"}


def firm() -> Facts:
    """450 accounts: three changed yesterday, one of them went to the recycle bin; and an exact amount."""
    customers = [
        Customer(
            id=f"C{n:03}",
            name=f"Customer {n:03}",
            updated_at=YESTERDAY if n < 3 else LONG_AGO,
            deleted_at=YESTERDAY if n == 0 else None,
        )
        for n in range(CUSTOMERS)
    ]
    return Facts(customers=customers, opportunities=[Opportunity(id="O1", customer="C001", amount="120000.10")])


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World(firm(), NOW, {"crm": "salesforce"}), tls=True) as running:
        yield running


@pytest.fixture
def client(server: SandboxServer) -> Salesforce:
    server.faults.clear()
    server.log.clear()
    return log_in(server, "salesforce", CLIENT_ID, CLIENT_SECRET, parse_float=Decimal)


def names(records: list[dict[str, Any]]) -> list[str]:
    return [record["Name"] for record in records]


# --- reading


def test_a_query_is_read_over_three_pages(server, client):
    found = client.query_all("SELECT Id, Name FROM Account ORDER BY Name", headers=SMALL_PAGES)
    assert names(found["records"]) == [f"Customer {n:03}" for n in range(1, CUSTOMERS)]
    pages = [path for _, path in server.log if "/query" in path]
    assert len(pages) == 3
    assert found["records"][0]["attributes"]["type"] == "Account"


def test_query_more_takes_an_address_or_an_identifier(client):
    first = client.query("SELECT Name FROM Account ORDER BY Name", include_deleted=True, headers=SMALL_PAGES)
    assert (first["totalSize"], first["done"], len(first["records"])) == (CUSTOMERS, False, 200)
    by_address = client.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    identifier = first["nextRecordsUrl"].rpartition("/")[2]
    by_identifier = client.query_more(identifier, include_deleted=True)
    assert names(by_address["records"]) == names(by_identifier["records"])
    assert names(by_address["records"])[0] == "Customer 200"
    last = client.query_more(by_address["nextRecordsUrl"], identifier_is_url=True)
    assert (last["done"], len(last["records"]), "nextRecordsUrl" in last) == (True, 50, False)


def test_query_all_shows_the_recycle_bin(client):
    soql = "SELECT Name, IsDeleted FROM Account WHERE IsDeleted = true"
    assert client.query_all(soql)["totalSize"] == 0
    found = client.query_all(soql, include_deleted=True)
    assert [(r["Name"], r["IsDeleted"]) for r in found["records"]] == [("Customer 000", True)]


def test_an_incremental_window_is_half_open(client):
    def changed(start: datetime, end: datetime) -> list[str]:
        between = f"SystemModstamp >= {start:%Y-%m-%dT%H:%M:%SZ} AND SystemModstamp < {end:%Y-%m-%dT%H:%M:%SZ}"
        soql = f"SELECT Name FROM Account WHERE {between} ORDER BY Name"
        return names(client.query_all(soql, include_deleted=True)["records"])

    assert changed(YESTERDAY, NOW) == ["Customer 000", "Customer 001", "Customer 002"]
    assert changed(YESTERDAY + timedelta(seconds=1), NOW) == []
    assert changed(LONG_AGO - timedelta(days=1), YESTERDAY) == [f"Customer {n:03}" for n in range(3, CUSTOMERS)]


def test_the_replication_feeds_name_what_was_deleted_and_changed(client):
    deleted = client.Account.deleted(YESTERDAY - timedelta(hours=1), NOW)
    record = client.query_all("SELECT Id FROM Account WHERE Name = 'Customer 000'", include_deleted=True)["records"][0]
    assert [entry["id"] for entry in deleted["deletedRecords"]] == [record["Id"]]
    updated = client.Account.updated(YESTERDAY - timedelta(hours=1), NOW)
    assert sorted(updated["ids"]) == sorted(
        r["Id"]
        for r in client.query_all("SELECT Id FROM Account WHERE Name IN ('Customer 001', 'Customer 002')")["records"]
    )
    assert datetime.fromisoformat(deleted["latestDateCovered"]) == NOW


def test_money_is_an_exact_number(client):
    [record] = client.query("SELECT Amount FROM Opportunity")["records"]
    assert record["Amount"] == Decimal("120000.10")


def test_a_record_is_read_by_either_form_of_its_id(client):
    [found] = client.query("SELECT Id, Name FROM Account WHERE Name = 'Customer 007'")["records"]
    assert client.Account.get(found["Id"])["Name"] == client.Account.get(found["Id"][:15])["Name"] == "Customer 007"


# --- what the org says of itself


def test_objects_are_described_in_three_ways(client):
    listed = {entry["name"]: entry for entry in client.describe()["sobjects"]}
    described = client.Account.describe()
    basics = client.Account.metadata()["objectDescribe"]
    for key in ("name", "label", "keyPrefix", "queryable", "replicateable"):
        assert listed["Account"][key] == described[key] == basics[key]
    fields = {field["name"]: field for field in described["fields"]}
    assert fields["ParentId"]["referenceTo"] == ["Account"]
    assert fields["SystemModstamp"]["type"] == "datetime"
    assert "Rate_Card_Line__c" in listed


def test_limits_and_usage(client):
    limits = client.limits()["DailyApiRequests"]
    usage = client.api_usage["api-usage"]
    assert limits["Max"] == usage.total == DAILY_REQUESTS
    assert limits["Max"] - limits["Remaining"] == usage.used


# --- errors


@pytest.mark.parametrize(
    ("soql", "code", "says"),
    [
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Bad FROM Account", "INVALID_FIELD", "No such column 'Bad' on entity 'Account'"),
        ("SELECT Id FROM Nothing__c", "INVALID_TYPE", "sObject type 'Nothing__c' is not supported"),
    ],
)
def test_a_refused_query_says_why(client, soql, code, says):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        client.query(soql)
    [error] = refused.value.content
    assert (refused.value.status, error["errorCode"]) == (400, code)
    assert says in error["message"]


def test_an_unknown_locator_object_and_record(client):
    with pytest.raises(SalesforceMalformedRequest) as unknown:
        client.query_more("0r8000000000000AAA-200")
    assert unknown.value.content[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    for ask in (client.Nothing__c.describe, lambda: client.Account.get("001000000000000AAA")):
        with pytest.raises(SalesforceResourceNotFound) as missing:
            ask()
        assert missing.value.content[0]["errorCode"] == "NOT_FOUND"


def test_a_wrong_secret_is_refused(server):
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        log_in(server, "salesforce", CLIENT_ID, "not-the-secret")
    assert refused.value.code == "invalid_client"


def test_an_expired_session_is_renewed_in_mid_query(server, client):
    first = client.query("SELECT Name FROM Account", headers=SMALL_PAGES)
    server.faults.append(Fault("salesforce", "expire_token", path="/query/"))
    second = client.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert len(second["records"]) == 200
    assert sum(path.endswith("/oauth2/token") for _, path in server.log) == 2


def test_a_session_that_cannot_be_renewed_is_expired(server, client):
    host = server.url.removeprefix("https://")
    borrowed = Salesforce(session_id="not-a-session", instance=f"{host}/salesforce", session=client.session)
    with pytest.raises(SalesforceExpiredSession) as expired:
        borrowed.query("SELECT Id FROM Account")
    assert expired.value.content == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_the_request_limit_is_a_refusal(server, client):
    server.faults.append(Fault("salesforce", "throttle", path="/query"))
    with pytest.raises(SalesforceRefusedRequest) as refused:
        client.query("SELECT Id FROM Account")
    assert refused.value.content[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
