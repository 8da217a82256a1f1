"""The NetSuite stand-in held to the truth by clients that others wrote: ``netsuite`` and Airbyte's connector."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jsonschema
import jwt
import pytest
from netsuite import NetSuiteRestApi
from netsuite.config import Config, TokenAuth
from netsuite.exceptions import NetsuiteAPIRequestError

from ingestion.sandbox.facts import Customer, Facts, Invoice, InvoiceLine, LegalEntity, Payment, Project
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.netsuite import System
from ingestion.sandbox.systems.netsuite.ids import number
from ingestion.sandbox.world import World
from ingestion.sources.netsuite.auth import assertion_grant
from tests.sandbox.external_clients import ExternalClient

NOW = datetime(2026, 4, 30, 12, tzinfo=UTC)
LONG_AGO, YESTERDAY = datetime(2026, 1, 15, 20, tzinfo=UTC), NOW - timedelta(days=1)
CUSTOMERS = 25


def firm() -> Facts:
    """25 customers, the first three of which changed yesterday, and an invoice with its credit memo and payment."""
    customers = [
        Customer(id=f"C{n:02}", name=f"Customer {n:02}", updated_at=YESTERDAY if n < 3 else LONG_AGO)
        for n in range(CUSTOMERS)
    ]
    line = {"contract_line": None, "project": "P1", "description": "Build"}
    invoices = [
        Invoice(
            id="I1", number="INV-1", customer="C00", issued_on=date(2026, 4, 1), posted_on=date(2026, 4, 2),
            due_on=date(2026, 5, 1), legal_entity="LE1",
            lines=[InvoiceLine(id="L1", quantity="7.5", unit_price="200.10", **line)],
        ),
        Invoice(
            id="M1", number="CM-1", kind="credit_memo", customer="C00", issued_on=date(2026, 4, 9),
            original_invoice="I1", lines=[InvoiceLine(id="L2", amount="-200.10", unit_price="200.10", **line)],
        ),
    ]  # fmt: skip
    return Facts(
        legal_entities=[LegalEntity(id="LE1", name="Firm Inc.")],
        customers=customers,
        projects=[Project(id="P1", name="Alpha", customer="C00")],
        invoices=invoices,
        payments=[Payment(id="PAY1", invoice="I1", amount="500.05", paid_on=date(2026, 4, 20))],
    )


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World(firm(), NOW, {"erp": "netsuite"})) as running:
        yield running


@pytest.fixture
def account(server: SandboxServer) -> Iterator[System]:
    server.faults.clear()
    server.log.clear()
    vendor = server.world.vendors["netsuite"]
    assert isinstance(vendor, System)
    yield vendor
    vendor.date_format = System.date_format


class Client(NetSuiteRestApi):
    """The package's client at the stand-in's address."""

    def __init__(self, server: SandboxServer, account: System, **credentials: str) -> None:
        self._base = f"{server.url}/netsuite/services/rest"
        access = account.access
        known = {name: getattr(access, name) for name in TokenAuth.model_fields}
        super().__init__(Config(account=account.account, auth=TokenAuth(**(known | credentials))))

    def _make_url(self, subpath: str) -> str:
        return f"{self._base}{subpath}"


@pytest.fixture
def client(server: SandboxServer, account: System) -> Client:
    return Client(server, account)


def refused(call: Any) -> tuple[int, dict[str, Any]]:
    """Status and first error detail of a call that the vendor refuses."""
    with pytest.raises(NetsuiteAPIRequestError) as error:
        asyncio.run(call)
    body = json.loads(error.value.response_text)
    assert body["status"] == error.value.status_code
    return error.value.status_code, body["o:errorDetails"][0]


# --- netsuite: SuiteQL


def test_a_query_is_read_page_by_page(client):
    async def names() -> tuple[list[str], list[bool]]:
        found, more = [], []
        for offset in range(0, CUSTOMERS, 10):
            page = await client.suiteql("SELECT altname FROM customer ORDER BY altname", limit=10, offset=offset)
            assert (page["offset"], page["count"], page["totalResults"]) == (offset, len(page["items"]), CUSTOMERS)
            found += [item["altname"] for item in page["items"]]
            more.append(page["hasMore"])
        return found, more

    assert asyncio.run(names()) == ([f"Customer {n:02}" for n in range(CUSTOMERS)], [True, True, False])


def test_a_query_reads_an_incremental_window(client):
    local = YESTERDAY - timedelta(hours=7)
    since = f"TO_TIMESTAMP('{local:%Y-%m-%d %H:%M:%S}', 'YYYY-MM-DD HH24:MI:SS')"
    query = f"SELECT altname FROM customer WHERE lastmodifieddate >= {since} ORDER BY altname"
    found = asyncio.run(client.suiteql(query, limit=1000))
    assert [item["altname"] for item in found["items"]] == ["Customer 00", "Customer 01", "Customer 02"]


def test_a_query_that_cannot_be_answered_says_why(client):
    status, detail = refused(client.suiteql("SELECT nothing FROM customer"))
    assert (status, detail["o:errorCode"]) == (400, "INVALID_PARAMETER")
    assert "Field 'nothing' for record 'customer' was not found" in detail["detail"]


def test_a_wrong_secret_and_a_throttled_request(server, account, client):
    wrong = Client(server, account, token_secret="not-the-secret")
    status, detail = refused(wrong.suiteql("SELECT id FROM customer"))
    assert (status, detail["o:errorCode"]) == (401, "INVALID_LOGIN")
    server.faults.append(Fault("netsuite", "throttle"))
    status, detail = refused(client.suiteql("SELECT id FROM customer"))
    assert (status, detail["o:errorCode"]) == (429, "CONCURRENCY_LIMIT_EXCEEDED")


def test_an_access_token_is_a_jwt_of_netsuite_s_own(server, account):
    access = account.access
    url = f"{server.url}/netsuite/services/rest/auth/oauth2/v1/token"
    token, seconds = assertion_grant(url, access.client_id, access.certificate_id, access.private_key_pem)()
    assert jwt.get_unverified_header(token)["alg"] == "PS256"
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == "https://system.netsuite.com"
    assert claims["exp"] - claims["iat"] == seconds
    assert access.allows("GET", url, f"Bearer {token}")
    assert not access.allows("GET", url, f"Bearer {token}x")


# --- netsuite: the record service


def test_the_catalog_describes_records_as_they_are_served(client):
    async def described(record: str) -> tuple[dict[str, Any], dict[str, Any]]:
        first = (await client.get(f"/record/v1/{record}", params={"limit": 1}))["items"][0]
        whole = await client.get(f"/record/v1/{record}/{first['id']}", params={"expandSubResources": "true"})
        return await client.jsonschema(record), whole

    for record in ("customer", "invoice", "creditMemo", "customerPayment"):
        schema, whole = asyncio.run(described(record))
        own = {name: kind for name, kind in schema["properties"].items() if "$ref" not in kind and name != "links"}
        jsonschema.validate({k: v for k, v in whole.items() if k in own}, {"type": "object", "properties": own})
        assert whole.keys() <= schema["properties"].keys()
        assert "lastModifiedDate" in schema["x-ns-filterable"]
    api = asyncio.run(client.openapi(["customer"]))
    assert api["paths"].keys() == {"/customer", "/customer/{id}"}


def test_a_record_has_references_and_lines(client):
    own = number("invoices", "I1")
    bare = asyncio.run(client.get(f"/record/v1/invoice/{own}"))
    assert (bare["tranId"], bare["tranDate"], bare["total"]) == ("INV-1", "2026-04-02", 1500.75)
    assert bare["entity"]["refName"] == "Customer 00"
    currency = asyncio.run(client.get("", url=bare["currency"]["links"][0]["href"]))
    assert currency["name"] == bare["currency"]["refName"] == "USD"
    assert bare["item"].keys() == {"links"}
    lines = asyncio.run(client.get("", url=bare["item"]["links"][0]["href"]))
    expanded = asyncio.run(client.get(f"/record/v1/invoice/{own}", params={"expandSubResources": "true"}))
    assert expanded["item"] == lines
    assert [(line["quantity"], line["rate"], line["amount"]) for line in lines["items"]] == [(7.5, 200.1, 1500.75)]
    memo = asyncio.run(client.get(f"/record/v1/creditMemo/{number('invoices', 'M1')}?expandSubResources=true"))
    assert (memo["createdFrom"]["refName"], memo["total"]) == ("INV-1", 200.1)
    assert memo["item"]["items"][0]["amount"] == 200.1
    payment = asyncio.run(
        client.get(f"/record/v1/customerPayment/{number('payments', 'PAY1')}?expandSubResources=true")
    )
    assert payment["payment"] == 500.05
    assert [(a["doc"]["id"], a["amount"]) for a in payment["apply"]["items"]] == [(str(own), 500.05)]


def test_moments_are_in_utc_and_days_in_the_account_s_own_zone(client):
    async def found(query: str) -> list[str]:
        page = await client.get("/record/v1/customer", params={"q": query})
        records = [await client.get(f"/record/v1/customer/{item['id']}") for item in page["items"]]
        return sorted(f"{r['altName']} {r['lastModifiedDate']}" for r in records)

    changed = [f"Customer {n:02} 2026-04-29T12:00:00Z" for n in range(3)]
    assert asyncio.run(found('lastModifiedDate AFTER "4/29/2026" AND lastModifiedDate BEFORE "4/30/2026"')) == changed
    assert asyncio.run(found('lastModifiedDate ON "1/15/2026" AND altName IS "customer 07"')) == [
        "Customer 07 2026-01-15T20:00:00Z"
    ]
    assert asyncio.run(found('(altName CONTAIN "01" OR altName ENDWITH "02") AND isInactive IS false')) == changed[1:]


@pytest.mark.parametrize(
    ("path", "status", "code", "says"),
    [
        ("/record/v1/nothing", 404, "INVALID_RECORD_TYPE", "nothing"),
        ("/record/v1/customer/1", 404, "NONEXISTENT_ID", "does not exist"),
        ("/record/v1/customer?q=nothing IS 1", 400, "NONEXISTENT_FIELD", "Unknown field name 'nothing'"),
        ("/record/v1/customer?q=altName LIKES x", 400, "INVALID_PARAMETER", "Invalid search query"),
        (
            '/record/v1/customer?q=lastModifiedDate AFTER "2026-04-29T00:00:00Z"',
            400,
            "INVALID_PARAMETER",
            'failed with date format "M/d/yy" in time zone America/Los_Angeles',
        ),
        ("/record/v1/customer?limit=1001", 400, "INVALID_PARAMETER", "limit"),
    ],
)
def test_refusals_of_the_record_service(client, path, status, code, says):
    path, _, query = path.partition("?")
    name, _, value = query.partition("=")
    found, detail = refused(client.get(path, params={name: value} if name else {}))
    assert (found, detail["o:errorCode"]) == (status, code)
    assert says in detail["detail"]


# --- Airbyte's connector, in an environment of its own

# The connector at the stand-in's address: it joins the host with a path of its own, so the mount goes into both.
AIRBYTE = """
import sys
from airbyte_cdk.entrypoint import launch
from source_netsuite import SourceNetsuite
from source_netsuite.constraints import RECORD_PATH
from source_netsuite.streams import NetsuiteStream
NetsuiteStream.path = lambda self, **context: "/netsuite" + RECORD_PATH + self.object_name
SourceNetsuite.base_url = lambda self, config: {url!r}
launch(SourceNetsuite(), sys.argv[1:])
"""


@pytest.fixture
def airbyte(external_client: ExternalClient, server: SandboxServer, account: System, tmp_path: Any) -> Any:
    """Runs one command of the connector; its messages."""

    def run(command: str, *, token_secret: str = "", **files: Any) -> list[dict[str, Any]]:
        access = account.access
        config = {
            "realm": account.account, "consumer_key": access.consumer_key, "consumer_secret": access.consumer_secret,
            "token_key": access.token_id, "token_secret": token_secret or access.token_secret,
            "object_types": ["customer", "invoice"], "start_datetime": "2026-01-01T00:00:00Z", "window_in_days": 400,
        }  # fmt: skip
        arguments = [command]
        for name, content in {"config": config, **files}.items():
            path = tmp_path / f"{name}.json"
            path.write_text(json.dumps(content))
            arguments += [f"--{name}", str(path)]
        done = external_client.run(AIRBYTE.format(url=f"{server.url}/netsuite"), *arguments)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    return run


def of_type(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """What the messages of a kind carry; the protocol names it by the kind in camel case."""
    first, *more = kind.lower().split("_")
    name = first + "".join(part.title() for part in more)
    return [message[name] for message in messages if message["type"] == kind]


@pytest.mark.external("airbyte-source-netsuite")
def test_airbyte_checks_the_connection(airbyte):
    [good] = of_type(airbyte("check"), "CONNECTION_STATUS")
    assert good == {"status": "SUCCEEDED"}
    [bad] = of_type(airbyte("check", token_secret="not-the-secret"), "CONNECTION_STATUS")
    assert bad["status"] == "FAILED"
    assert "401" in bad["message"]


@pytest.mark.external("airbyte-source-netsuite")
def test_airbyte_discovers_and_reads_incrementally(airbyte, server, account, monkeypatch):
    monkeypatch.setattr("ingestion.sandbox.systems.netsuite.system.DEFAULT_LIMIT", 10)
    account.date_format = "%d.%m.%Y"
    [catalog] = of_type(airbyte("discover"), "CATALOG")
    streams = {stream["name"]: stream for stream in catalog["streams"]}
    customer = streams["customer"]
    assert customer["json_schema"]["properties"]["lastModifiedDate"]["format"] == "date-time"
    assert customer["default_cursor_field"] == ["lastModifiedDate"]
    chosen = {"stream": customer, "sync_mode": "incremental", "destination_sync_mode": "append"}

    first = airbyte("read", catalog={"streams": [chosen]})
    names = [record["data"]["altName"] for record in of_type(first, "RECORD")]
    assert sorted(names) == [f"Customer {n:02}" for n in range(CUSTOMERS)]
    pages = [path for _, path in server.log if path.endswith("/record/v1/customer")]
    # Three spellings of a date are refused before the account's own; then three pages of ten.
    assert len(pages) >= 6

    # The connector saves the cursor of the record that came last, which need not be the latest: the latest is set here.
    state = of_type(first, "STATE")[-1]
    cursors = [record["data"]["lastModifiedDate"] for record in of_type(first, "RECORD")]
    assert state["stream"]["stream_state"]["lastModifiedDate"] in cursors
    state["stream"]["stream_state"]["lastModifiedDate"] = max(cursors)
    again = airbyte("read", catalog={"streams": [chosen]}, state=[state])
    assert sorted(r["data"]["altName"] for r in of_type(again, "RECORD")) == [f"Customer {n:02}" for n in range(3)]
