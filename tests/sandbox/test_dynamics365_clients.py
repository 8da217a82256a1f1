"""The stand-in held to the truth: by Microsoft's own Dataverse client over TLS, and by the OData rules on Finance's side.

No client of others for Finance runs on this Python version, so its rules are asked for one by one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError

from ingestion.sandbox.facts import (
    BilledItem,
    BillingCalendar,
    Customer,
    Dispute,
    Facts,
    FxRate,
    Invoice,
    InvoiceLine,
    LegalEntity,
    SyncEvent,
    TimeEntry,
)
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.dynamics365 import System
from ingestion.sandbox.systems.dynamics365.access import TENANT
from ingestion.sandbox.systems.dynamics365.ids import company, dispute_number, guid
from ingestion.sandbox.world import World

NOW = datetime(2026, 4, 30, 18, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
FORMATTED = "OData.Community.Display.V1.FormattedValue"


def firm() -> Facts:
    """130 invoices of one time entry each, in turn of two companies; three of them changed yesterday."""
    invoices = [
        Invoice(
            id=f"INV-{n:03}", customer="C-1", legal_entity="LE-1" if n % 2 else "LE-2", issued_on=date(2026, 3, 31),
            due_on=date(2026, 4, 30), updated_at=YESTERDAY if n < 3 else None,
            lines=[InvoiceLine(id=f"L{n:03}", amount=Decimal("1500.10"), items=[BilledItem(item=f"T{n:03}")])],
        )
        for n in range(130)
    ]  # fmt: skip
    return Facts(
        legal_entities=[LegalEntity(id="LE-1", name="Firm Inc."), LegalEntity(id="LE-2", name="Firma GmbH")],
        customers=[Customer(id="C-1", name="O'Hara & 株式会社")],
        billing_calendars=[BillingCalendar(id="BC-1", frequency="quarterly")],
        fx_rates=[FxRate(from_currency="EUR", to_currency="USD", rate_date=date(2026, 3, 31), rate=Decimal("1.08"))],
        time_entries=[
            TimeEntry(id=f"T{n:03}", project="P-1", resource="R-1", work_date=date(2026, 3, 2), hours=Decimal(8))
            for n in range(130)
        ],
        invoices=invoices,
        disputes=[
            Dispute(id="D-1", invoice="INV-001", amount=Decimal("10.10"), opened_on=date(2026, 4, 2)),
            Dispute(
                id="D-2", invoice="INV-003", amount=Decimal(3), opened_on=date(2026, 4, 2), resolved_on=date(2026, 4, 9)
            ),
        ],
        sync_events=[
            SyncEvent(
                id="SE-1", record_type="invoice", record="INV-001", from_domain="erp", to_domain="crm",
                status="in_doubt", is_transient=True, occurred_at=YESTERDAY,
            )
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World(firm(), NOW, {"erp": "dynamics365"}), tls=True) as running:
        yield running


@pytest.fixture
def vendor(server: SandboxServer) -> System:
    server.faults.clear()
    server.log.clear()
    system = server.world.vendors["dynamics365"]
    assert isinstance(system, System)
    return system


@pytest.fixture
def session(server: SandboxServer) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.verify = server.ca_file
        # A certificate bundle that the machine names in its environment would win over the session's own.
        session.trust_env = False
        yield session


def grant(server: SandboxServer, session: requests.Session, vendor: System, scope: str, **changes: str) -> Any:
    form = {"grant_type": "client_credentials", "client_id": vendor.access.client_id, "scope": scope}
    form |= {"client_secret": vendor.access.client_secret} | changes
    return session.post(f"{server.url}/dynamics365/login/{TENANT}/oauth2/v2.0/token", data=form, timeout=10)


class Credential:
    """Client credentials for azure.core's protocol, asking the stand-in's own token endpoint."""

    def __init__(self, server: SandboxServer, session: requests.Session, vendor: System) -> None:
        self.scopes: list[str] = []
        self._ask = lambda scope: grant(server, session, vendor, scope)

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        self.scopes += scopes
        answer = self._ask(scopes[0]).json()
        return AccessToken(answer["access_token"], int(time.time()) + answer["expires_in"])


@pytest.fixture
def credential(server: SandboxServer, session: requests.Session, vendor: System) -> Credential:
    return Credential(server, session, vendor)


@pytest.fixture
def client(server: SandboxServer, credential: Credential, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataverseClient]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.ca_file)
    with DataverseClient(f"{server.url}/dynamics365/dataverse", credential) as client:
        yield client


# --- Dataverse, by Microsoft's client


def test_pages_are_linked_to_the_last(client: DataverseClient, server: SandboxServer, credential: Credential) -> None:
    pages = list(client.records.list_pages("invoice", select=["invoicenumber"], page_size=50))
    assert [len(page) for page in pages] == [50, 50, 30]
    assert len({row["invoiceid"] for page in pages for row in page}) == 130
    assert set(credential.scopes) == {f"{server.url}/dynamics365/dataverse/.default"}


def test_what_changed_since_a_time(client: DataverseClient) -> None:
    rows = client.records.list(
        "invoice", filter=f"modifiedon ge {YESTERDAY:%Y-%m-%dT%H:%M:%SZ}", orderby=["modifiedon", "invoiceid desc"]
    )
    assert {row["invoiceid"] for row in rows} == {guid("invoices", f"INV-{n:03}") for n in range(3)}
    assert [row["invoiceid"] for row in rows] == sorted((row["invoiceid"] for row in rows), reverse=True)
    assert {row["modifiedon"] for row in rows} == {"2026-04-29T18:00:00Z"}


def test_values_look_like_dataverses(client: DataverseClient) -> None:
    (row,) = client.records.list(
        "invoice", filter=f"invoiceid eq {guid('invoices', 'INV-007')}", top=1, include_annotations="*",
        expand=["customerid($select=name)"],
    )  # fmt: skip
    assert (row["totalamount"], row["duedate"], row["statecode"]) == (1500.1, "2026-04-30T12:00:00Z", 0)
    assert row[f"msdyn_projectinvoicestatus@{FORMATTED}"] == "Confirmed"
    assert row["_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
    assert row["customerid"]["name"] == "O'Hara & 株式会社"
    (frequency,) = client.records.list("msdyn_invoicefrequency", filter="contains(msdyn_name,'bc')")
    assert (frequency["msdyn_period"], frequency["new_cutoffday"]) == (192350003, 31)
    filters = (
        f"new_status eq 100000002 and new_istransient eq true and new_occurredat ge {YESTERDAY:%Y-%m-%dT%H:%M:%SZ}"
    )
    (attempt,) = client.records.list("new_integrationlog", filter=filters, include_annotations="*")
    assert attempt[f"new_status@{FORMATTED}"] == "In doubt" and attempt["new_occurredat"] == "2026-04-29T18:00:00Z"
    assert attempt["new_recordid"] == guid("invoices", "INV-001") and attempt["new_integrationlogid"]


def test_one_record_by_its_id(client: DataverseClient) -> None:
    found = client.records.retrieve("account", guid("customers", "C-1"), select=["name"])
    assert found is not None and found["name"] == "O'Hara & 株式会社"
    assert client.records.list("account", filter="name eq 'o''hara & 株式会社' and not (statecode ne 0)", top=5)
    assert client.records.retrieve("account", guid("customers", "nobody")) is None


def test_errors_are_what_the_client_understands(client: DataverseClient, server: SandboxServer) -> None:
    with pytest.raises(HttpError, match="Could not find a property named 'colour' on type") as unknown:
        client.records.list("invoice", select=["colour"])
    assert unknown.value.status_code == 400
    assert unknown.value.details["service_error_code"] == "0x80060888"
    with pytest.raises(HttpError, match="Syntax error at position 11 in 'statecode ! 0'|Syntax error at position 10"):
        client.records.list("invoice", filter="statecode ! 0")
    with pytest.raises(MetadataError, match="Unable to resolve entity set for table schema name 'unicorn'"):
        client.records.list("unicorn")
    server.faults.append(Fault("dynamics365", "throttle", path="/invoices"))
    with pytest.raises(HttpError, match="exceeded the limit of 6000 over time window of 300 seconds") as limited:
        client.records.list("invoice", top=1)
    assert limited.value.is_transient and limited.value.details["retry_after"] == 1
    server.faults.append(Fault("dynamics365", "expire_token", path="/accounts"))
    with pytest.raises(HttpError) as refused:
        client.records.list("account")
    assert refused.value.status_code == 401


# --- tokens, and Dataverse's change tracking as Microsoft documents it


def test_a_token_is_for_one_service(server: SandboxServer, session: requests.Session, vendor: System) -> None:
    base = f"{server.url}/dynamics365"
    answer = grant(server, session, vendor, f"{base}/finance/.default").json()
    assert (answer["token_type"], answer["expires_in"], answer["ext_expires_in"]) == ("Bearer", 3599, 3599)
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert session.get(f"{base}/finance/data/LegalEntities", headers=headers, timeout=10).status_code == 200
    refused = session.get(f"{base}/dataverse/api/data/v9.2/accounts", headers=headers, timeout=10)
    assert refused.status_code == 401 and "authorization_uri=" in refused.headers["WWW-Authenticate"]


def test_token_errors_have_entras_codes(server: SandboxServer, session: requests.Session, vendor: System) -> None:
    scope = f"{server.url}/dynamics365/finance/.default"

    def refusal(scope: str = scope, **changes: str) -> tuple[int, str, int]:
        answer = grant(server, session, vendor, scope, **changes)
        body = answer.json()
        assert body["error_description"].startswith(f"AADSTS{body['error_codes'][0]}: ")
        return answer.status_code, body["error"], body["error_codes"][0]

    assert refusal(client_secret="wrong") == (401, "invalid_client", 7000215)
    assert refusal(client_id="nobody") == (400, "unauthorized_client", 700016)
    assert refusal(grant_type="password") == (400, "unsupported_grant_type", 70003)
    assert refusal("https://elsewhere.example/.default") == (400, "invalid_resource", 500011)


def test_change_tracking_refuses_what_it_does_not_support(
    server: SandboxServer, session: requests.Session, vendor: System
) -> None:
    url = f"{server.url}/dynamics365/dataverse"
    token = grant(server, session, vendor, f"{url}/.default").json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Prefer": "odata.track-changes, odata.maxpagesize=100"}

    def ask(link: str, **params: str) -> requests.Response:
        return session.get(link, headers=headers, params=params, timeout=10)

    invoices = f"{url}/api/data/v9.2/invoices"
    for option, value in (
        ("filter", "statecode eq 0"),
        ("orderby", "createdon"),
        ("top", "1"),
        ("expand", "customerid"),
    ):
        message = f'The "${option}" query parameter isn\'t supported when Change Tracking is enabled.'
        assert ask(invoices, **{f"${option}": value}).json()["error"]["message"] == message
    first = ask(invoices, **{"$select": "name"})
    assert first.headers["Preference-Applied"] == "odata.track-changes" and "@odata.deltaLink" not in first.json()
    last = ask(first.json()["@odata.nextLink"]).json()
    assert len(last["value"]) == 30 and "$deltatoken=" in last["@odata.deltaLink"]
    changes = ask(last["@odata.deltaLink"]).json()
    assert changes["value"] == [] and changes["@odata.context"].endswith("#invoices/$delta")
    expired = ask(invoices, **{"$deltatoken": "1!01/01/2026 00:00:00"})
    assert (expired.status_code, expired.json()["error"]["code"]) == (400, "0x80044352")


# --- Finance, by the rules of OData


@pytest.fixture
def finance(server: SandboxServer, session: requests.Session, vendor: System) -> Any:
    """A GET below /data; ``link`` may be one of the service's own."""
    url = f"{server.url}/dynamics365/finance"
    token = grant(server, session, vendor, f"{url}/.default").json()["access_token"]

    def ask(link: str, prefer: str = "", **options: str) -> requests.Response:
        address = link if link.startswith("https:") else f"{url}/data/{link}"
        params = {name.replace("cross_company", "cross-company"): value for name, value in options.items()}
        params = {name if "-" in name else f"${name}": value for name, value in params.items()}
        headers = {"Authorization": f"Bearer {token}"} | ({"Prefer": prefer} if prefer else {})
        return session.get(address, headers=headers, params=params, timeout=10)

    return ask


def test_one_company_unless_all_are_asked_for(finance: Any) -> None:
    invoices = "ProjectInvoiceHeaders"
    assert finance(invoices, count="true").json()["@odata.count"] == 65
    assert finance(invoices, count="true", cross_company="true").json()["@odata.count"] == 130
    other = company("LE-2")
    assert finance(invoices, filter=f"dataAreaId eq '{other}'").json()["value"] == []
    assert len(finance(invoices, filter=f"dataAreaId eq '{other}'", cross_company="true").json()["value"]) == 65


def test_pages_are_offsets_in_the_services_own_links(finance: Any) -> None:
    options = {"cross_company": "true", "orderby": "InvoiceNumber desc", "select": "InvoiceNumber", "top": "120"}
    sizes, numbers, answer = [], [], finance("ProjectInvoiceHeaders", prefer="odata.maxpagesize=50", **options).json()
    while True:
        sizes.append(len(answer["value"]))
        numbers += [row["InvoiceNumber"] for row in answer["value"]]
        link = answer.get("@odata.nextLink")
        if not link:
            break
        assert "cross-company=true" in link and f"$skip={len(numbers)}" in link and f"$top={120 - len(numbers)}" in link
        answer = finance(link, prefer="odata.maxpagesize=50").json()
    assert sizes == [50, 50, 20] and numbers == [f"INV-{n:03}" for n in range(129, 9, -1)]


def test_values_and_filters_are_finances(finance: Any) -> None:
    def numbers(text: str, entity: str = "ProjectInvoiceHeaders", column: str = "InvoiceNumber") -> list[str]:
        answer = finance(entity, cross_company="true", filter=text, orderby=column)
        assert answer.status_code == 200, answer.text
        return [row[column] for row in answer.json()["value"]]

    assert numbers("InvoiceNumber eq '*-00*' and TotalInvoiceAmount gt 1500") == [f"INV-{n:03}" for n in range(10)]
    assert len(numbers("InvoiceDate eq 2026-03-31T12:00:00Z and InvoiceDate ge 2026-03-31T00:00:00Z")) == 130
    assert numbers("InvoiceDate eq 2026-03-31T00:00:00Z") == []
    kind = "Microsoft.Dynamics.DataEntities.ConversionFactor"
    assert numbers(f"ConversionFactor eq {kind}'One'", "ExchangeRates", "FromCurrency") == ["EUR"]
    status = "Microsoft.Dynamics.DataEntities.CustVendDisputeStatus'Resolved'"
    assert numbers(f"Status eq {status} and AmountCur lt 5", "CustDisputes") == ["INV-003"]
    dispute = f"CustDisputes(dataAreaId='{company('LE-1')}',SysRecId={dispute_number('D-1')})"
    assert finance(dispute, cross_company="true").json()["AmountCur"] == 10.1
    row = finance(f"ProjectInvoiceHeaders(dataAreaId='{company('LE-2')}',InvoiceNumber='INV-000')").status_code
    assert row == 404, "a record of another company is not seen without cross-company"
    address = f"ProjectInvoiceHeaders(dataAreaId='{company('LE-2')}',InvoiceNumber='INV-000')"
    body = finance(address, cross_company="true").json()
    assert (body["DocumentDate"], body["ReasonCode"], body["InvoiceType"]) == ("1900-01-01T12:00:00Z", "", "Invoice")
    assert body["TotalInvoiceAmount"] == 1500.1 and body["@odata.etag"].startswith('W/"')


@pytest.mark.parametrize(
    ("entity", "options", "status", "said"),
    [
        ("Unicorns", {}, 404, "No HTTP resource was found"),
        ("CustomersV3", {"select": "Colour"}, 400, "Could not find a property named 'Colour'"),
        ("CustomersV3", {"filter": "CustomerAccount in ('1')"}, 400, "Syntax error at position"),
        ("CustomersV3", {"filter": "CustomerAccount eq 1"}, 400, "incompatible types"),
        ("CustomersV3", {"apply": "x"}, 400, "\\$apply is not supported"),
        ("CustomersV3", {"top": "many"}, 400, "Invalid value 'many' for \\$top"),
    ],
)
def test_finances_errors_hide_their_cause_in_an_inner_error(
    finance: Any, entity: str, options: dict[str, str], status: int, said: str
) -> None:
    import re

    answer = finance(entity, **options)
    error = answer.json()["error"]
    assert answer.status_code == status and (error["code"], error["message"]) == ("", "An error has occurred.")
    assert re.search(said, error["innererror"]["message"])
