"""The Coupa stand-in held to the truth by coupa-async-client, and by the shapes that Coupa publishes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from coupa_async_client import CoupaAsyncClient, CoupaClient
from coupa_async_client.errors import CoupaAuthError
from tenacity import wait_none

from ingestion.sandbox.facts import Facts, Project, PurchaseOrder, Supplier, SupplierInvoice, SupplierInvoiceLine
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.coupa import CLIENT_ID, CLIENT_SECRET, SCOPES
from ingestion.sandbox.world import World
from ingestion.sources.coupa.schema import OBJECTS
from ingestion.sources.coupa.settings import READINGS
from tests.sandbox.shapes import coupa as shapes
from tests.sandbox.shapes.shape import Shape, check

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
LONG_AGO, YESTERDAY = datetime(2026, 2, 1, 12, tzinfo=UTC), NOW - timedelta(days=1)
INVOICES = 120
SHAPES = {"suppliers": shapes.SUPPLIER, "purchase_orders": shapes.ORDER, "invoices": shapes.INVOICE}


def firm() -> Facts:
    """60 suppliers and orders, and 120 invoices in every state, the first three of which changed yesterday."""
    orders = ("draft", "issued", "closed", "cancelled")
    invoices = ("approved", "pending", "disputed", "voided")
    return Facts(
        projects=[Project(id="P-1", name="Alpha", code="ALPHA1")],
        suppliers=[
            Supplier(id=f"S{n}", name=f"Zulieferer {n} 漢", deleted_at=YESTERDAY if n == 0 else None) for n in range(60)
        ],
        purchase_orders=[
            PurchaseOrder(
                id=f"O{n}", supplier=f"S{n}", project="P-1", amount="1000.5", issued_on=date(2026, 2, 1),
                status=orders[n % len(orders)],
            )
            for n in range(60)
        ],
        supplier_invoices=[
            SupplierInvoice(
                id=f"I{n:03}", supplier=f"S{n % 60}", purchase_order=f"O{n % 60}", invoice_date=date(2026, 3, 1 + n % 28),
                kind="credit_note" if n == 0 else "invoice", status=invoices[n % len(invoices)],
                approved_at=datetime(2026, 2, 1, 10, tzinfo=UTC) if n % 4 == 0 else None,
                updated_at=YESTERDAY if n < 3 else LONG_AGO,
                lines=[
                    SupplierInvoiceLine(
                        id=f"I{n:03}-{m}", project="P-1" if m else None, amount="-10.505" if n == 0 else "10.50",
                        service_from=date(2026, 3, 1),
                    )
                    for m in range(2)
                ],
            )
            for n in range(INVOICES)
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World(firm(), NOW, {"procurement": "coupa"})) as running:
        yield running


@pytest.fixture
def connect(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., CoupaClient]]:
    """Makes clients of the stand-in, which try again without waiting."""
    server.faults.clear()
    server.log.clear()
    for client in (CoupaClient, CoupaAsyncClient):
        monkeypatch.setattr(client._get.retry, "wait", wait_none())
    made: list[CoupaClient] = []

    def client(**options: Any) -> CoupaClient:
        made.append(CoupaClient(**settings(server, **options)))
        return made[-1]

    yield client
    for one in made:
        one.close()


def settings(server: SandboxServer, **options: Any) -> dict[str, Any]:
    here = {"base_url": f"{server.url}/coupa/api", "token_url": f"{server.url}/coupa/oauth2/token"}
    return {**here, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **options}


def numbers(records: list[dict[str, Any]]) -> list[str]:
    return sorted(record["invoice-number"] for record in records)


ALL = [f"I{n:03}" for n in range(INVOICES)]


# --- coupa-async-client


def test_a_list_is_read_over_several_pages(connect, server):
    records = connect(scopes=list(SCOPES.values())).collect_items("invoices", params={"order_by": "id"})
    assert numbers(records) == ALL
    assert sum(path.endswith("/invoices") for _, path in server.log) == 4, "three pages of 50 and an empty one"


def test_pages_asked_for_all_at_once_are_the_same(connect, server):
    async def read() -> list[dict[str, Any]]:
        async with CoupaAsyncClient(**settings(server)) as client:
            return [record async for record in client.iter_items("invoices", params={})]

    assert numbers(asyncio.run(read())) == ALL


def test_a_window_of_changes(connect):
    def changed(**params: str) -> list[str]:
        return numbers(connect().collect_items("invoices", params=params))

    since = YESTERDAY.isoformat()
    assert changed(**{"updated_at[gt_or_eq]": since}) == ["I000", "I001", "I002"]
    assert changed(**{"updated-at[gt]": since}) == []
    assert changed(**{"updated_at[lt]": since, "status": "disputed", "supplier[name][contains]": "er 6 "}) == [
        "I006",
        "I066",
    ]


def test_wrong_credentials_and_scopes_are_refused(connect, server):
    with pytest.raises(httpx.HTTPStatusError) as refused:
        connect(client_secret="not-the-secret").collect_items("invoices", params={})
    assert refused.value.response.status_code == 401
    check(refused.value.response.json(), shapes.TOKEN_ERROR)
    with pytest.raises(httpx.HTTPStatusError) as beyond:
        connect(scopes=["core.everything.write"]).collect_items("invoices", params={})
    assert (beyond.value.response.status_code, beyond.value.response.json()["error"]) == (400, "invalid_scope")

    async def read() -> None:
        async with CoupaAsyncClient(**settings(server, client_secret="not-the-secret")) as client:
            await anext(client.iter_items("invoices", params={}))

    with pytest.raises(CoupaAuthError, match="401.*invalid_client"):
        asyncio.run(read())


def test_errors_have_the_published_shape(connect, server):
    reader = connect(scopes=[SCOPES["suppliers"]])
    for path, params, status in (
        ("invoices", {}, 403),
        ("suppliers/1", {}, 404),
        ("suppliers", {"updated_at[gt]": "yesterday"}, 400),
    ):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            reader.collect_items(path, params=params)
        assert refused.value.response.status_code == status
        check(refused.value.response.json(), shapes.ERROR)


def test_a_throttled_client_comes_back(connect, server):
    server.faults.append(Fault("coupa", "throttle", path="/invoices", times=4))
    assert numbers(connect().collect_items("invoices", params={})) == ALL


# --- the published shapes


@pytest.mark.parametrize("name", SHAPES)
def test_every_record_of_every_list_has_its_published_shape(connect, name):
    records = connect().collect_items(name, params={})
    assert len(records) > 50, "one page proves nothing of paging"
    for record in records:
        check(record, SHAPES[name])


def test_the_token_has_the_published_shape(server):
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    check(httpx.post(f"{server.url}/coupa/oauth2/token", data=form).json(), shapes.TOKEN)


@pytest.mark.parametrize("name", OBJECTS)
def test_the_source_declares_only_published_fields(name):
    reading = READINGS[name]
    declared = set(OBJECTS[name].columns) - set(reading.parents)
    shape = SHAPES[reading.endpoint]
    for part in reading.path:
        shape = field(shape, part)["items"]
    for column in declared:
        inner = shape
        for part in column.split("."):
            inner = field(inner, part)


def field(shape: Shape, name: str) -> Shape:
    """The shape of a field, which may be null or not."""
    found: Shape = shape["properties"][name]
    return found["anyOf"][0] if "anyOf" in found else found
