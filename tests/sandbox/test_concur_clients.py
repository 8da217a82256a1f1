"""The Concur stand-in held to the truth by SAP's published definitions.

No client that others wrote speaks today's protocol (the one there is logs in through an endpoint that SAP retired), so
every endpoint that the source reads is checked field by field.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests

from ingestion.sandbox.facts import Expense, Facts, FxRate, LegalEntity, Project, Resource
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.concur import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from ingestion.sandbox.world import World
from ingestion.sources.concur.schema import OBJECTS
from ingestion.sources.concur.settings import PATHS
from tests.sandbox.shapes import concur as shapes
from tests.sandbox.shapes.shape import check

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
SHAPES = {
    "reports": shapes.REPORT,
    "entries": shapes.ENTRY,
    "itemizations": shapes.ITEMIZATION,
    "allocations": shapes.ALLOCATION,
    "users": shapes.USER,
}


def firm() -> Facts:
    """60 people with two expenses each, in every state that a report can be in."""
    submitted, decided = datetime(2026, 4, 1, 9, 0, 1, 980_000, tzinfo=UTC), datetime(2026, 4, 2, 10, tzinfo=UTC)
    states: list[dict[str, Any]] = [
        {"status": "draft"},
        {"status": "submitted", "submitted_at": submitted},
        {"status": "approved", "submitted_at": submitted, "approved_at": decided},
        {"status": "approved", "submitted_at": submitted, "approved_at": decided, "paid_at": NOW},
        {"status": "rejected", "submitted_at": submitted, "rejected_reason": "no receipt"},
    ]
    expenses = [
        Expense(
            id=f"X{n:03}", resource=f"R{n // 2:02}", spent_on=date(2026, 3, 1 + n % 28), amount="12.34", currency="EUR",
            tax_amount="1.10", merchant="Bahn", receipt_hash=f"hash-{n}" if n % 3 else None,
            project="P-1" if n % 4 else None, **states[n // 2 % len(states)],
        )
        for n in range(120)
    ]  # fmt: skip
    return Facts(
        legal_entities=[LegalEntity(id="LE")],
        resources=[Resource(id=f"R{n:02}", name=f"Ann {n}", legal_entity="LE") for n in range(60)],
        projects=[Project(id="P-1", name="Alpha, ein Projekt mit einem Namen, der länger als das Feld ist", code="A1")],
        expenses=expenses,
        fx_rates=[FxRate(from_currency="EUR", to_currency="USD", rate_date=date(2026, 2, 1), rate="1.1")],
    )


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World(firm(), NOW, {"expense": "concur"})) as running:
        yield running


def token(server: SandboxServer, **form: str) -> requests.Response:
    right = {
        "grant_type": "refresh_token", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
    }  # fmt: skip
    return requests.post(f"{server.url}/concur/oauth2/v0/token", data=right | form, timeout=10)


@pytest.fixture
def get(server: SandboxServer) -> Any:
    server.faults.clear()
    bearer = f"Bearer {token(server).json()['access_token']}"

    def ask(path: str, authorization: str | None = bearer, **params: str) -> requests.Response:
        url = path if path.startswith("http") else f"{server.url}/concur{path}"
        return requests.get(url, params=params, headers={"Authorization": authorization}, timeout=10)

    return ask


@pytest.mark.parametrize("name", SHAPES)
def test_every_record_of_every_list_has_its_published_shape(get, name):
    found, following = [], PATHS[name]
    params = {"limit": "10"} | ({} if name in ("users", "allocations") else {"user": "ALL"})
    while following:
        page = get(following, **params).json()
        check(page, shapes.page_of(SHAPES[name]))
        found += page["Items"]
        following, params = page["NextPage"], {}
    assert len(found) > 10, "one page proves nothing of paging"
    key = OBJECTS[name].key[0]
    assert len({record[key] for record in found}) == len(found)


@pytest.mark.parametrize("name", SHAPES)
def test_the_source_declares_only_published_fields(name):
    # v3 does not say on an allocation which report it belongs to: the source adds it.
    added = {"ReportID"} if name == "allocations" else set()
    assert OBJECTS[name].columns.keys() - added <= SHAPES[name]["properties"].keys()


def test_one_report_has_the_shape_of_the_list_s(get):
    report = get(PATHS["reports"], user="ALL", limit="1").json()["Items"][0]
    alone = get(f"{PATHS['reports']}/{report['ID']}", user=report["OwnerLoginID"]).json()
    check(alone, shapes.REPORT)
    assert alone == report


def test_token_and_its_refusal(server):
    check(token(server).json(), shapes.TOKEN)
    for form in ({"client_id": "nobody"}, {"refresh_token": "used"}, {"grant_type": "client_credentials"}):
        refused = token(server, **form)
        assert refused.status_code in (400, 401)
        check(refused.json(), shapes.TOKEN_ERROR)


def test_errors_have_the_published_shape(server, get):
    reports = PATHS["reports"]
    answers = {
        400: get(reports, limit="1000"),
        401: get(reports, authorization=None),
        403: get(reports, authorization="Bearer expired"),
        404: get(f"{reports}/0000", user="nobody@firm.example"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        check(answer.json(), shapes.ERROR)
        assert answer.headers["concur-correlationid"] == answer.json()["Error"]["Id"]
    server.faults.append(Fault("concur", "throttle"))
    limited = get(reports)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "0")
    check(limited.json(), shapes.RATE_LIMIT)
