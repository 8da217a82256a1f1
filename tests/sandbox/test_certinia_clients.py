"""Certinia's stand-in against simple-salesforce, a client that others wrote for the platform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceExpiredSession, SalesforceMalformedRequest

from ingestion.sandbox.facts import Facts, TimeEntry
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.certinia import CLIENT_ID, CLIENT_SECRET
from ingestion.sandbox.world import World

NOW = datetime(2026, 4, 30, 18, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
ENTRIES = 450
HEADERS = "SELECT Id, pse__Status__c, pse__Bill_Rate__c, SystemModstamp FROM pse__Timecard_Header__c"


class UnderPath(HTTPAdapter):
    """An org below a path: the client takes host and port of its address alone, so the path is put in front here."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.url = urlunsplit(parts._replace(path=self._path + parts.path))
        return super().send(request, *args, **kwargs)


def entries(**changed: dict[str, Any]) -> list[TimeEntry]:
    return [
        TimeEntry.model_validate(
            {
                "id": f"T{n}",
                "project": "P1",
                "resource": "R1",
                "work_date": date(2025, 1, 6) + timedelta(days=n),
                "hours": "8",
                "applied_rate": "180.1255",
                "approved_at": datetime(2026, 4, 6, tzinfo=UTC),
            }
            | changed.get(f"T{n}", {})
        )
        for n in range(ENTRIES)
    ]


def facts(**changed: dict[str, Any]) -> Facts:
    return Facts.model_validate(
        {
            "resources": [{"id": "R1", "name": "Åsa 山田"}],
            "projects": [{"id": "P1", "name": "Roll-out"}],
            "change_orders": [{"id": "CO1", "contract": "K1", "amount": "-500.5"}],
            "time_entries": entries(**changed),
        }
    )


@dataclass
class Org:
    """A served org and a client that is logged in to it."""

    server: SandboxServer
    client: Salesforce


@pytest.fixture
def org() -> Iterator[Org]:
    served = SandboxServer(World(facts(), NOW, {"psa": "certinia"}), tls=True)
    with served as server, requests.Session() as session:
        session.verify = server.ca_file
        # A machine-wide REQUESTS_CA_BUNDLE would win over the session's own authority.
        session.trust_env = False
        session.mount(server.url, UnderPath("/certinia"))
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        token = session.post(f"{server.url}/services/oauth2/token", data=form, timeout=10).json()
        client = Salesforce(
            session_id=token["access_token"], instance_url=server.url, session=session, parse_float=Decimal
        )
        yield Org(server, client)


def test_pages_are_followed_to_the_end(org: Org) -> None:
    pages = org.client.query_all_iter(HEADERS, headers={"Sforce-Query-Options": "batchSize=200"})
    found = list(pages)
    assert len({row["Id"] for row in found}) == ENTRIES
    assert sum("/query/0r8" in path for _, path in org.server.log) == 2, "450 records are three pages of 200"
    assert {row["pse__Bill_Rate__c"] for row in found} == {Decimal("180.1255")}, "four decimals, exactly"
    assert found[0]["attributes"]["type"] == "pse__Timecard_Header__c"


def test_pages_one_by_one(org: Org) -> None:
    page = org.client.query(HEADERS, headers={"Sforce-Query-Options": "batchSize=200"})
    sizes = [len(page["records"])]
    while not page["done"]:
        page = org.client.query_more(page["nextRecordsUrl"], identifier_is_url=True)
        sizes.append(len(page["records"]))
    assert (page["totalSize"], sizes) == (ENTRIES, [200, 200, 50])


def test_an_incremental_window_brings_what_changed_in_it(org: Org) -> None:
    window = f"{HEADERS} WHERE SystemModstamp >= 2026-04-30T18:00:00Z AND SystemModstamp < 2026-05-01T00:00:00Z"
    assert org.client.query_all(window)["totalSize"] == 0
    changed = {"T7": {"status": "submitted", "updated_at": LATER}, "T9": {"updated_at": NOW + timedelta(days=2)}}
    org.server.world.replace_facts(facts(**changed), NOW + timedelta(days=3))
    (row,) = org.client.query_all(window)["records"]
    assert (row["pse__Status__c"], row["SystemModstamp"]) == ("Submitted", "2026-04-30T21:00:00.000+0000")


def test_deleted_records_come_with_include_deleted_and_in_the_log(org: Org) -> None:
    org.server.world.replace_facts(facts(T7={"updated_at": LATER, "deleted_at": LATER}), LATER + timedelta(hours=1))
    assert org.client.query_all(HEADERS)["totalSize"] == ENTRIES - 1
    deleted = "SELECT Id FROM pse__Timecard_Header__c WHERE IsDeleted = true"
    (row,) = org.client.query_all(deleted, include_deleted=True)["records"]
    log = org.client.pse__Timecard_Header__c.deleted(NOW, LATER + timedelta(hours=1))
    assert [entry["id"] for entry in log["deletedRecords"]] == [row["Id"]]


def test_describe_names_the_package_fields(org: Org) -> None:
    fields = {f["name"]: f for f in org.client.pse__Timecard__c.describe()["fields"]}
    assert fields["pse__Billing_Hold__c"]["type"] == "boolean"
    assert fields["pse__Eligible_for_Billing__c"]["calculated"]
    assert fields["pse__Timecard_Header__c"]["referenceTo"] == ["pse__Timecard_Header__c"]


def test_budgets_are_read_exactly_and_never_negative(org: Org) -> None:
    (row,) = org.client.query("SELECT pse__Status__c, pse__Amount__c, Agreed_Amount__c FROM pse__Budget__c")["records"]
    assert (row["pse__Status__c"], row["pse__Amount__c"], row["Agreed_Amount__c"]) == ("Approved", 0, Decimal("-500.5"))
    fields = {f["name"]: f for f in org.client.Progress_Report__c.describe()["fields"]}
    assert (fields["Completed_Percent__c"]["type"], fields["Completed_Percent__c"]["scale"]) == ("percent", 4)


def test_errors_are_the_platforms(org: Org) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.client.query("SELECT Hours__c FROM pse__Timecard_Header__c")
    assert refused.value.content[0]["errorCode"] == "INVALID_FIELD"
    assert "No such column 'Hours__c'" in refused.value.content[0]["message"]
    org.server.faults.append(Fault("certinia", "expire_token"))
    with pytest.raises(SalesforceExpiredSession):
        org.client.query(HEADERS)
