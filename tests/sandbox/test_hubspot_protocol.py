"""HubSpot's stand-in: it answers as the vendor does, limits and errors included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.systems.hubspot import access
from tests.hubspot_portal import CUSTOMERS, NOW, customers, http, portal, record_id, world

BASE = "/hubspot/crm/v3/objects"


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """A portal that is only read; its limits in real time are out of the way."""
    deleted_at = datetime(2026, 4, 29, 8, tzinfo=UTC)
    changed = {
        "C1": {"currency": "EUR", "payment_terms_days": 45, "parent": "C8"},
        "C7": {"updated_at": deleted_at, "deleted_at": deleted_at},
        "C8": {"updated_at": deleted_at, "merged_into": "C9"},
    }
    with SandboxServer(world(customers=customers(**changed))) as running:
        portal(running).access.search_limit = portal(running).access.burst_limit = 10_000
        yield running


@pytest.fixture(scope="module")
def client() -> requests.Session:
    return http()


def get(server: SandboxServer, client: requests.Session, path: str, **params: Any) -> requests.Response:
    return client.get(f"{server.url}{path}", params=params, timeout=5)


def post(server: SandboxServer, client: requests.Session, path: str, body: Any) -> requests.Response:
    return client.post(f"{server.url}{path}", json=body, timeout=5)


def test_records_are_texts_and_unknown_properties_are_left_out(server, client):
    key = record_id(server, "opportunities", "O1")
    params = {"properties": "amount,nope,hs_is_closed_won", "propertiesWithHistory": "dealstage"}
    deal = get(server, client, f"{BASE}/0-3/{key}", **params).json()
    history = deal["propertiesWithHistory"].pop("dealstage")
    assert deal == {
        "id": key,
        "properties": {
            "amount": "120000.5",
            "createdate": "2026-01-10T00:00:00.000Z",
            "dealstage": "1042518337",
            "hs_is_closed_won": "true",
            "hs_lastmodifieddate": "2026-02-05T00:00:00.000Z",
            "hs_object_id": key,
        },
        "propertiesWithHistory": {},
        "createdAt": "2026-01-10T00:00:00.000Z",
        "updatedAt": "2026-02-05T00:00:00.000Z",
        "archived": False,
    }
    assert [(h["value"], h["timestamp"]) for h in history] == [
        ("1042518337", "2026-02-05T00:00:00.000Z"),
        ("contractsent", "2026-02-03T00:00:00.000Z"),
        ("1042518337", "2026-02-01T10:00:00.000Z"),
        ("presentationscheduled", "2026-01-10T00:00:00.000Z"),
    ]
    without = get(server, client, f"{BASE}/deals/{key}").json()["properties"]
    assert set(without) == {
        "dealname", "amount", "closedate", "pipeline", "dealstage", "createdate", "hs_lastmodifieddate", "hs_object_id",
    }  # fmt: skip
    assert without["closedate"] == "2026-03-31T04:00:00.000Z", "what a seller entered: midnight in the portal"


def test_lists_page_by_link_and_leave_archived_and_merged_records_out(server, client):
    page = get(server, client, f"{BASE}/companies", limit=100, properties="name").json()
    seen = [r["id"] for r in page["results"]]
    assert page["paging"]["next"]["link"].startswith(f"{server.url}{BASE}/companies?")
    while "paging" in page:
        page = client.get(page["paging"]["next"]["link"], timeout=5).json()
        seen += [r["id"] for r in page["results"]]
    assert len(seen) == len(set(seen)) == CUSTOMERS - 2
    archived = get(server, client, f"{BASE}/companies", limit=100, archived="true").json()["results"]
    assert [(r["id"], r["archivedAt"]) for r in archived] == [
        (record_id(server, "customers", "C7"), "2026-04-29T08:00:00.000Z")
    ]


def test_both_ids_of_a_merge_lead_to_the_new_record(server, client):
    old = [record_id(server, "customers", c) for c in ("C9", "C8")]
    found = [get(server, client, f"{BASE}/companies/{i}", properties="hs_merged_object_ids,name").json() for i in old]
    assert found[0] == found[1]
    assert found[0]["id"] not in old
    assert found[0]["properties"]["hs_merged_object_ids"] == ";".join(old)
    child = get(
        server, client, f"{BASE}/companies/{record_id(server, 'customers', 'C1')}?properties=hs_parent_company_id"
    )
    assert child.json()["properties"]["hs_parent_company_id"] == found[0]["id"]


@pytest.mark.parametrize(
    ("path", "params", "status", "message"),
    [
        ("companies", {"limit": 101}, 400, "limit must be between 1 and 100"),
        ("deals", {"limit": 51, "propertiesWithHistory": "dealstage"}, 400, "between 1 and 50"),
        ("companies", {"after": "x"}, 400, "Invalid after"),
        ("widgets", {}, 400, "Unable to infer object type from: widgets"),
        ("2-99", {}, 400, "Invalid object or event type id: 2-99"),
        ("companies/1", {}, 404, "Object not found"),
    ],
)
def test_refused_reads(server, client, path, params, status, message):
    answer = get(server, client, f"{BASE}/{path}", **params)
    assert answer.status_code == status
    assert answer.json()["status"] == "error"
    assert message in answer.json()["message"]


def test_an_address_can_be_too_long(server, client):
    assert get(server, client, f"{BASE}/companies", properties=",".join(["some_property"] * 700)).status_code == 414


def test_batches_have_limits_and_tell_what_is_missing(server, client):
    key = record_id(server, "opportunities", "O1")
    url = f"{BASE}/deals/batch/read"
    full = post(server, client, url, {"inputs": [{"id": key}], "properties": ["dealname"]})
    assert (full.status_code, full.json()["status"]) == (200, "COMPLETE")
    partial = post(server, client, url, {"inputs": [{"id": key}, {"id": "1"}], "properties": ["dealname"]})
    assert partial.status_code == 207
    assert [r["id"] for r in partial.json()["results"]] == [key]
    (error,) = partial.json()["errors"]
    assert (error["category"], error["context"]) == ("OBJECT_NOT_FOUND", {"ids": ["1"]})
    ids = [{"id": str(n)} for n in range(101)]
    assert post(server, client, url, {"inputs": ids}).status_code == 400
    with_history = {"inputs": ids[:51], "propertiesWithHistory": ["dealstage"]}
    assert post(server, client, url, with_history).status_code == 400


def only(*filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"filterGroups": [{"filters": list(filters)}], "properties": ["name"], "limit": 5, **more}


def is_(name: str, operator: str, **value: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **value}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (only(is_("name", "EQ", value="customer 3")), ["Customer 3"]),
        ({"filters": [is_("name", "EQ", value="Customer 3")], "properties": ["name"]}, ["Customer 3"]),
        (
            only(
                is_("name", "IN", values=["customer 3", "customer 4"]),
                sorts=[{"propertyName": "name", "direction": "DESCENDING"}],
            ),
            ["Customer 4", "Customer 3"],
        ),
        (only(is_("payment_terms_days", "GT", value="30")), ["Customer 1"]),
        (only(is_("payment_terms_days", "BETWEEN", value="40", highValue="50")), ["Customer 1"]),
        (only(is_("hs_parent_company_id", "HAS_PROPERTY")), ["Customer 1"]),
        (
            only(
                is_("hs_lastmodifieddate", "GTE", value=str(int(datetime(2026, 4, 1, tzinfo=UTC).timestamp() * 1000)))
            ),
            # Customer 1 got another parent when Customer 8 was merged.
            ["Customer 1", "Customer 9"],
        ),
        (only(is_("name", "EQ", value="Customer 7")), []),
        (
            {
                "filterGroups": [
                    {"filters": [is_("name", "EQ", value="Customer 3")]},
                    {"filters": [is_("currency_code", "EQ", value="EUR"), is_("name", "NEQ", value="x")]},
                ],
                "sorts": ["name"],
                "properties": ["name"],
            },
            ["Customer 1", "Customer 3"],
        ),
    ],
)
def test_search_conditions(server, client, body, found):
    answer = post(server, client, f"{BASE}/companies/search", body)
    assert answer.status_code == 200, answer.text
    assert [r["properties"]["name"] for r in answer.json()["results"]] == found
    assert answer.json()["total"] == len(found)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"limit": 201}, "limit must be between 0 and 200"),
        ({"limit": 200, "after": "9900"}, "cannot page beyond 10000"),
        ({"after": "abc"}, "Invalid after"),
        ({"sorts": ["name", "domain"]}, "sorted by one property only"),
        ({"filterGroups": [{"filters": []}] * 6}, "at most 5 filter groups"),
        (only(*[is_("name", "HAS_PROPERTY")] * 7), "at most 6 filters"),
        (only(is_("nope", "HAS_PROPERTY")), "Property nope does not exist"),
        (only(is_("name", "LIKE", value="x")), "Invalid operator: LIKE"),
        (only(is_("payment_terms_days", "GT", value="many")), "many was not a valid number"),
        ({"query": "x" * 3_001}, "must not exceed 3000 characters"),
        ({"limit": "ten"}, "Invalid input JSON"),
    ],
)
def test_refused_searches(server, client, body, message):
    answer = post(server, client, f"{BASE}/companies/search", body)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert message in answer.json()["message"]


def test_searches_page_by_offset_up_to_the_cap(server, client):
    body = {"limit": 200, "sorts": ["hs_object_id"]}
    first = post(server, client, f"{BASE}/companies/search", body).json()
    assert (first["total"], len(first["results"]), first["paging"]["next"]["after"]) == (CUSTOMERS - 2, 200, "200")
    second = post(server, client, f"{BASE}/companies/search", body | {"after": "200"}).json()
    assert len(second["results"]) == CUSTOMERS - 202
    assert "paging" not in second
    ids = [int(r["id"]) for r in [*first["results"], *second["results"]]]
    assert ids == sorted(ids), "ids are compared as numbers"


def test_associations(server, client):
    line, card = record_id(server, "contract_lines", "L1"), record_id(server, "rate_cards", "RC1")
    url = "/hubspot/crm/v4/associations/p_sow_line/p_rate_card"
    answer = post(server, client, f"{url}/batch/read", {"inputs": [{"id": line}, {"id": "1"}]})
    assert answer.status_code == 207
    assert answer.json()["results"] == [
        {
            "from": {"id": line},
            "to": [
                {
                    "toObjectId": int(card),
                    "associationTypes": [
                        {"category": "USER_DEFINED", "typeId": 1, "label": None},
                        {"category": "USER_DEFINED", "typeId": 31, "label": "Agreed rates"},
                    ],
                }
            ],
        }
    ]
    (error,) = answer.json()["errors"]
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["message"] == "No rate_card is associated with sow_line 1."
    many = post(server, client, f"{url}/batch/read", {"inputs": [{"id": str(n)} for n in range(1_001)]})
    assert many.status_code == 400
    labels = get(server, client, f"{url}/labels").json()["results"]
    assert {row["label"] for row in labels} == {None, "Agreed rates", "Scope of"}
    one = get(server, client, f"/hubspot/crm/v4/objects/p_sow_line/{line}/associations/p_rate_card").json()
    assert [row["toObjectId"] for row in one["results"]] == [int(card)]
    inline = get(server, client, f"{BASE}/p_sow_line/{line}", associations="p_rate_card,companies").json()[
        "associations"
    ]
    assert inline == {"p_rate_card": {"results": [{"id": card, "type": "sow_line_to_rate_card"}] * 2}}


def test_set_up_resources(server, client):
    stages = get(server, client, "/hubspot/crm/v3/pipelines/deals").json()["results"][0]["stages"]
    assert [s["metadata"] for s in stages if s["label"] == "SOW Signed"] == [{"isClosed": "true", "probability": "1.0"}]
    properties = get(server, client, "/hubspot/crm/properties/2026-09/p_sow_line").json()["results"]
    kinds = {p["name"]: (p["type"], p["calculated"]) for p in properties}
    assert kinds["amount"] == ("number", False)
    assert kinds["effective_value"] == ("number", True)
    details = get(server, client, "/hubspot/account-info/v3/details").json()
    assert (details["companyCurrency"], details["timeZone"]) == ("USD", "US/Eastern")
    assert get(server, client, "/hubspot/crm/v3/owners").json()["results"][0]["type"] == "PERSON"
    assert get(server, client, f"{BASE}/contacts").json() == {"results": []}
    unknown = get(server, client, "/hubspot/crm/v3/nothing")
    assert (unknown.status_code, unknown.json()["message"]) == (404, "resource not found")


def test_tokens(server, client):
    answer = get(server, client, "/hubspot/account-info/v3/details")
    assert answer.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert "X-HubSpot-RateLimit-Daily" in answer.headers
    missing = requests.get(f"{server.url}{BASE}/companies", timeout=5)
    assert (missing.status_code, missing.json()["category"]) == (401, "INVALID_AUTHENTICATION")
    form = {
        "grant_type": "refresh_token",
        "client_id": access.CLIENT_ID,
        "client_secret": access.CLIENT_SECRET,
        "refresh_token": access.REFRESH_TOKEN,
    }
    token = requests.post(f"{server.url}/hubspot/oauth/v1/token", data=form, timeout=5).json()
    assert (token["token_type"], token["expires_in"], token["hub_id"]) == ("bearer", 1800, 8675309)
    oauth = get(server, http(token["access_token"]), "/hubspot/account-info/v3/details")
    assert "X-HubSpot-RateLimit-Daily" not in oauth.headers
    portal(server).expire_tokens()
    expired = get(server, http(token["access_token"]), f"{BASE}/companies")
    assert (expired.status_code, expired.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    for changed, error in (
        ({"refresh_token": "x"}, "invalid_grant"),
        ({"client_secret": "x"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ):
        refused = requests.post(f"{server.url}/hubspot/oauth/v1/token", data=form | changed, timeout=5)
        assert (refused.status_code, refused.json()["error"]) == (400, error)


def test_limits_are_enforced_in_real_time():
    with SandboxServer(world()) as server:
        client = http()
        searched = [post(server, client, f"{BASE}/deals/search", {"limit": 1}).status_code for _ in range(6)]
        assert searched == [200] * 5 + [429]
        body = post(server, client, f"{BASE}/deals/search", {}).json()
        assert (body["policyName"], body["errorType"]) == ("SECONDLY", "RATE_LIMIT")
        assert body["message"] == "You have reached your secondly limit."
        assert "category" not in body
        portal(server).access.burst_limit = 3
        listed = [get(server, client, f"{BASE}/deals") for _ in range(4)]
        assert [a.status_code for a in listed] == [200] * 3 + [429]
        assert listed[3].json()["policyName"] == "TEN_SECONDLY_ROLLING"
        assert "Retry-After" not in listed[3].headers
        portal(server).access.daily_limit = portal(server).access.used_today
        daily = get(server, client, f"{BASE}/deals")
        assert (daily.status_code, daily.json()["message"]) == (429, "You have reached your daily limit.")


def test_the_clock_of_the_portal_is_in_every_answer(server, client):
    answer = get(server, client, f"{BASE}/deals")
    assert answer.headers["Date"] == f"{NOW:%a, %d %b %Y %H:%M:%S} GMT"
