"""HubSpot's own Python client, which knows nothing of this project, against the stand-in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.companies import ApiException, Filter, FilterGroup, PublicObjectSearchRequest
from hubspot.crm.deals import BatchReadInputSimplePublicObjectId

from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.systems.hubspot.access import ACCESS_TOKEN
from tests.hubspot_portal import CUSTOMERS, NOW, SIGNED_AT, customers, portal, record_id, world

CHANGED_AT = datetime(2026, 4, 30, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    changed = {
        "C7": {"updated_at": CHANGED_AT, "name": "Změněno"},
        "C8": {"updated_at": CHANGED_AT, "deleted_at": CHANGED_AT},
    }
    with SandboxServer(world(customers=customers(**changed))) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: SandboxServer) -> HubSpot:
    return HubSpot(access_token=ACCESS_TOKEN, host=f"{server.url}/hubspot")


def test_get_all_pages_through_everything(server, client):
    before = server.requests.get("hubspot", 0)
    companies = client.crm.companies.get_all(properties=["name", "payment_terms_days"])
    assert server.requests["hubspot"] - before == 3
    assert len(companies) == len({c.id for c in companies}) == CUSTOMERS - 1
    assert {c.properties["payment_terms_days"] for c in companies} == {"30"}, "numbers are texts"
    archived = client.crm.companies.get_all(archived=True)
    assert [c.id for c in archived] == [record_id(server, "customers", "C8")]


def test_search_reads_an_incremental_window(server, client):
    def since(moment: datetime) -> list[tuple[str, str]]:
        window = Filter(property_name="hs_lastmodifieddate", operator="GTE", value=str(int(moment.timestamp() * 1000)))
        request = PublicObjectSearchRequest(
            filter_groups=[FilterGroup(filters=[window])], properties=["name"], limit=200, sorts=["hs_object_id"]
        )
        answer = client.crm.companies.search_api.do_search(request)
        assert answer.total == len(answer.results)
        return [(row.id, row.properties["name"]) for row in answer.results]

    assert since(CHANGED_AT) == [(record_id(server, "customers", "C7"), "Změněno")]
    assert since(NOW) == []


def test_stage_history_in_a_batch(server, client):
    request = BatchReadInputSimplePublicObjectId(
        inputs=[{"id": record_id(server, "opportunities", "O1")}],
        properties=["amount"],
        properties_with_history=["dealstage"],
    )
    (deal,) = client.crm.deals.batch_api.read(request).results
    assert deal.properties["amount"] == "120000.5"
    won = [h.timestamp for h in deal.properties_with_history["dealstage"] if h.value == "1042518337"]
    assert min(won) == SIGNED_AT


def test_associations_of_custom_objects(server, client):
    request = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": record_id(server, "contracts", "K1")}])
    read = client.crm.associations.v4.batch_api.get_page("p_statement_of_work", "companies", request)
    (row,) = read.results
    assert [str(target.to_object_id) for target in row.to] == [record_id(server, "customers", "C1")]
    lines = client.crm.objects.basic_api.get_page("p_sow_line", properties=["amount"], limit=100)
    assert sorted(line.properties["amount"] for line in lines.results) == ["100000.1", "5000"]


def test_pipelines_and_properties(client):
    (pipeline,) = client.crm.pipelines.pipelines_api.get_all("deals").results
    assert {s.id for s in pipeline.stages if s.metadata["probability"] == "1.0"} == {"1042518337"}
    found = client.crm.properties.core_api.get_all("companies").results
    assert {p.type for p in found if p.name == "payment_terms_days"} == {"number"}


def test_error_bodies(server, client):
    with pytest.raises(ApiException) as refused:
        client.crm.companies.search_api.do_search(PublicObjectSearchRequest(filter_groups=[], limit=200, after="10000"))
    assert refused.value.status == 400
    assert json.loads(refused.value.body)["category"] == "VALIDATION_ERROR"
    stranger = HubSpot(access_token="pat-na1-unknown", host=f"{server.url}/hubspot")
    with pytest.raises(ApiException) as unknown:
        stranger.crm.companies.basic_api.get_page()
    assert unknown.value.status == 401
    portal(server).access.search_limit = 0
    with pytest.raises(ApiException) as limited:
        client.crm.companies.search_api.do_search(PublicObjectSearchRequest(filter_groups=[], limit=1))
    portal(server).access.search_limit = 5
    assert limited.value.status == 429
    assert json.loads(limited.value.body)["policyName"] == "SECONDLY"
