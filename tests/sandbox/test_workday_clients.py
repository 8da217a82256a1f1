"""The Workday stand-in read by clients that others wrote: zeep from the stand-in's own WSDL, and RaaS as taps ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests
import zeep
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from ingestion.sandbox.facts import Facts, Leave, LegalEntity, OrgUnit, Resource
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.systems.workday import CLIENT_ID, CLIENT_SECRET, PASSWORD, REFRESH_TOKEN, USER
from ingestion.sandbox.world import World

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
CHANGED = datetime(2026, 4, 9, 8, tzinfo=UTC)
XSD = "{http://www.w3.org/2001/XMLSchema}"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    """25 people, three of whom changed yesterday, in one unit of one company."""
    people = [
        Resource(
            id=f"R{n:02}",
            name="Çelik Øst" if n else "Ann Smith",
            legal_entity="LE1",
            kind="contractor" if n == 2 else "employee",
            cost_rate=Decimal("81.375"),
            hired_on=date(2025, 1, 1),
            terminated_on=date(2026, 1, 31) if n == 3 else None,
            org_unit="OU1",
            manager="R00" if n else None,
            created_at=datetime(2025, 1, 1, 9, tzinfo=UTC),
            updated_at=CHANGED if n in (4, 5, 6) else None,
        )
        for n in range(25)
    ]
    facts = Facts(
        legal_entities=[LegalEntity(id="LE1", name="Firm & Co")],
        resources=people,
        org_units=[OrgUnit(id="OU0", name="Firm"), OrgUnit(id="OU1", name="Delivery", parent="OU0", manager="R00")],
        leaves=[Leave(id=f"L{n}", resource="R01", leave_date=date(2026, 3, 1 + n), type="Vacation") for n in range(3)],
    )
    with SandboxServer(World(facts, NOW, {"hr": "workday"})) as server:
        yield server


def hr(sandbox: SandboxServer, password: str = PASSWORD) -> Any:
    """zeep's proxy of the service at the address that the WSDL names."""
    session = requests.Session()
    session.trust_env = False
    client = zeep.Client(
        f"{sandbox.url}/workday/ccx/service/leakage/Human_Resources/v45.0?wsdl",
        wsse=UsernameToken(f"{USER}@leakage", password),
        transport=Transport(session=session),
    )
    return client.service


EVERYTHING = {
    "Include_Reference": True,
    "Include_Personal_Information": True,
    "Include_Employment_Information": True,
    "Include_Organizations": True,
    "Include_Management_Chain_Data": True,
    "Include_Transaction_Log_Data": True,
}


def id_of(reference: Any, kind: str) -> str | None:
    return next((one["_value_1"] for one in reference.ID if one.type == kind), None)


def test_zeep_pages_through_all_workers(sandbox: SandboxServer) -> None:
    service, found, page, pages = hr(sandbox), [], 1, 1
    while page <= pages:
        shown = {"As_Of_Entry_DateTime": NOW, "Page": page, "Count": 10}
        answer = service.Get_Workers(Response_Filter=shown, Response_Group=EVERYTHING)
        assert answer.Response_Filter.Page == page
        pages = int(answer.Response_Results.Total_Pages)
        found += answer.Response_Data.Worker
        page += 1
    assert pages == 3
    assert len({id_of(worker.Worker_Reference, "WID") for worker in found}) == len(found) == 25
    by_login = {worker.Worker_Data.User_ID: worker for worker in found}
    contingent = by_login["r02"]
    assert id_of(contingent.Worker_Reference, "Contingent_Worker_ID") and not id_of(
        contingent.Worker_Reference, "Employee_ID"
    )
    employment = contingent.Worker_Data.Employment_Data
    assert employment.Worker_Contract_Data.Contract_Pay_Rate == Decimal("81.375")
    primary = [job for job in employment.Worker_Job_Data if job.Primary_Job]
    assert len(primary) == 1 and primary[0].Position_Data.Business_Title == "Consultant"
    detail = contingent.Worker_Data.Personal_Data.Name_Data.Preferred_Name_Data.Name_Detail_Data
    assert detail.Formatted_Name == "Çelik Øst" and detail.Last_Name == "Øst"
    status = by_login["r03"].Worker_Data.Employment_Data.Worker_Status_Data
    assert (status.Terminated, status.Active, str(status.Termination_Date)) == (True, False, "2026-01-31")
    companies = {
        membership.Organization_Data.Organization_Reference_ID
        for membership in contingent.Worker_Data.Organization_Data.Worker_Organization_Data
        if id_of(membership.Organization_Data.Organization_Type_Reference, "Organization_Type_ID") == "Company"
    }
    assert companies == {"LE1"}


def test_zeep_reads_a_window_of_the_transaction_log(sandbox: SandboxServer) -> None:
    dates = {"Updated_From": datetime(2026, 4, 9, tzinfo=UTC), "Updated_Through": NOW}
    criteria = {"Transaction_Log_Criteria_Data": [{"Transaction_Date_Range_Data": dates}]}
    answer = hr(sandbox).Get_Workers(Request_Criteria=criteria, Response_Group=EVERYTHING)
    assert {worker.Worker_Data.User_ID for worker in answer.Response_Data.Worker} == {"r04", "r05", "r06"}
    for worker in answer.Response_Data.Worker:
        log = worker.Worker_Data.Transaction_Log_Entry_Data.Transaction_Log_Entry
        assert CHANGED in {entry.Transaction_Log_Data.Transaction_Entry_Moment for entry in log}
    nobody = {"Transaction_Log_Criteria_Data": [{"Transaction_Date_Range_Data": {"Updated_From": NOW}}]}
    answer = hr(sandbox).Get_Workers(Request_Criteria=nobody)
    assert answer.Response_Results.Total_Results == 0 and answer.Response_Data is None


def test_zeep_reads_organizations_and_the_clock(sandbox: SandboxServer) -> None:
    service = hr(sandbox)
    kinds = {"Organization_Type_Reference": [{"ID": [{"type": "Organization_Type_ID", "_value_1": "SUPERVISORY"}]}]}
    answer = service.Get_Organizations(Request_Criteria=kinds, Response_Group={"Include_Hierarchy_Data": True})
    units = {one.Organization_Data.Name: one.Organization_Data for one in answer.Response_Data.Organization}
    assert units.keys() == {"Firm", "Delivery"}
    hierarchy = units["Delivery"].Hierarchy_Data
    assert id_of(hierarchy.Superior_Organization_Reference, "Organization_Reference_ID") == "OU0"
    assert units["Delivery"].Inactive is False and units["Delivery"].Last_Updated_DateTime is not None
    assert service.Get_Server_Timestamp().Server_Timestamp_Data == [NOW]


def test_zeep_meets_faults(sandbox: SandboxServer) -> None:
    unknown = {"Worker_Reference": [{"ID": [{"type": "Employee_ID", "_value_1": "0"}]}]}
    with pytest.raises(zeep.exceptions.Fault) as fault:
        hr(sandbox).Get_Workers(Request_References=unknown)
    assert fault.value.code == "SOAP-ENV:Client.validationError"
    assert fault.value.message == (
        "Validation error occurred. Invalid ID value. '0' is not a valid ID value for type = 'Employee_ID'"
    )
    detail = fault.value.detail.find(".//{urn:com.workday/bsvc}Validation_Error/{urn:com.workday/bsvc}Detail_Message")
    assert detail.text.startswith("Invalid ID value")
    with pytest.raises(zeep.exceptions.Fault, match="invalid username or password"):
        hr(sandbox, password="wrong").Get_Workers()


def report(sandbox: SandboxServer, name: str, **kwargs: Any) -> requests.Response:
    """As taps ask for a report: its whole address, and Basic authentication unless told otherwise."""
    session = requests.Session()
    session.trust_env = False
    url = f"{sandbox.url}/workday/ccx/service/customreport2/leakage/isu_leakage/{name}"
    return session.get(url, **{"auth": (USER, PASSWORD), "timeout": 10, **kwargs})


def test_raas_discovers_columns_and_reads_rows(sandbox: SandboxServer) -> None:
    schema = ET.fromstring(report(sandbox, "Leakage_Time_Off", params={"xsds": ""}).content)
    entry = schema.find(f"{XSD}complexType[@name='Report_EntryType']/{XSD}sequence")
    assert entry is not None
    columns = {element.get("name") for element in entry}
    body = report(sandbox, "Leakage_Time_Off", params={"format": "json"}).json()
    assert list(body) == ["Report_Entry"] and len(body["Report_Entry"]) == 3
    assert all(set(row) <= columns and all(isinstance(v, str) for v in row.values()) for row in body["Report_Entry"])
    prompts = {"format": "json", "From_Date": "2026-03-02-08:00", "To_Date": "2026-03-02"}
    assert [r["Time_Off_Date"] for r in report(sandbox, "Leakage_Time_Off", params=prompts).json()["Report_Entry"]] == [
        "2026-03-02"
    ]
    assert report(sandbox, "Leakage_Holidays", params={"format": "json"}).json() == {"Report_Entry": []}


def test_raas_takes_a_bearer_token_and_refuses_strangers(sandbox: SandboxServer) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN}
    url = f"{sandbox.url}/workday/ccx/oauth2/leakage/token"
    by_header = requests.post(url, data=form, auth=(CLIENT_ID, CLIENT_SECRET), timeout=10).json()
    secret = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    by_body = requests.post(url, data=form | secret, timeout=10).json()
    for granted in (by_header, by_body):
        assert granted["token_type"] == "Bearer" and granted["access_token"].count(".") == 2
        headers = {"Authorization": f"Bearer {granted['access_token']}"}
        answer = report(sandbox, "Leakage_Work_Calendars", params={"format": "json"}, auth=None, headers=headers)
        assert answer.json() == {"Report_Entry": []}
    assert report(sandbox, "Leakage_Holidays", params={"format": "json"}, auth=(USER, "wrong")).status_code == 401
    assert report(sandbox, "Nobodys_Report", params={"format": "json"}).status_code == 404
