"""The Workday source against the Workday stand-in, over HTTP, and the stand-in's own protocol."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import duckdb
import msgspec
import pytest
import requests

from ingestion import pipelines
from ingestion.http import session as http_session
from ingestion.http.errors import PartialLoadError, PermanentError, SourceError, TransientError
from ingestion.raw import Window
from ingestion.sandbox.facts import Facts, Leave, LegalEntity, OrgUnit, Resource, WorkCalendar
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.workday import PASSWORD, USER
from ingestion.sandbox.systems.workday.records import wid
from ingestion.sandbox.world import World
from ingestion.sources.workday import connect, convert
from ingestion.sources.workday.schema import OBJECTS
from ingestion.sources.workday.soap import WD

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
SERVICE = "/workday/ccx/service/leakage/Human_Resources/v45.0"
REPORTS = "/workday/ccx/service/customreport2/leakage/isu_leakage"
PEOPLE = 120


def firm() -> Facts:
    """120 people in two units under a head: two pages of workers; every seventh is a contractor, one has left."""
    people = [
        Resource(
            id=f"R{n:03}",
            name=("Zoë Ó Briain", "李 小龍", "Ann Smith")[n % 3],
            email=f"r{n:03}@firm.example",
            email_aliases=["a.lee@old.example", "b@old.example"] if n == 3 else [],
            role="Consultant",
            legal_entity="LE1",
            kind="contractor" if n % 7 == 0 else "employee",
            cost_rate=Decimal("81.37"),
            cost_currency="EUR",
            hired_on=date(2024, 1, 1) + timedelta(days=n),
            terminated_on=date(2026, 3, 31) if n == 5 else None,
            manager=None if n == 1 else "R001",
            org_unit="OU1" if n % 2 else "OU2",
            work_calendar="WC1",
            created_at=datetime(2024, 1, 1, 9, tzinfo=UTC),
        )
        for n in range(PEOPLE)
    ]
    units = [
        OrgUnit(id="OU0", name="Firm", manager="R001"),
        OrgUnit(id="OU1", name="Consulting", code="CON", parent="OU0", manager="R001"),
        OrgUnit(id="OU2", name="Advisory", parent="OU0"),
        OrgUnit(id="CC0", name="All", type="cost_center"),
        OrgUnit(id="CC1", name="Delivery", type="cost_center", parent="CC0"),
    ]
    calendar = WorkCalendar(
        id="WC1",
        hours_per_day=Decimal("7.5"),
        holidays=[{"holiday_date": date(2026, 12, 25), "name": "Christmas Day"}],
    )
    leaves = [
        Leave(id=f"L{n}", resource=f"R{n:03}", leave_date=date(2026, 1 + n % 5, 3), hours=Decimal("7.5"), type=kind)
        for n, kind in enumerate(["Vacation", "Sick", "Parental", "Vacation"] * 5)
    ]
    return Facts(
        legal_entities=[LegalEntity(id="LE1", name="Firm Inc.")],
        resources=people,
        org_units=units,
        work_calendars=[calendar],
        leaves=leaves,
    )


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries happen, but do not wait."""
    monkeypatch.setattr(http_session, "BACKOFF_CAP_SECONDS", 0.001)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    with SandboxServer(World(firm(), NOW, {"hr": "workday"})) as server:
        monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
        for name, value in server.credentials().items():
            monkeypatch.setenv(name, value)
        yield server


def vendor(sandbox: SandboxServer) -> Any:
    return sandbox.world.vendors["workday"]


def query(tmp_path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def appended() -> dict[str, int]:
    """Rows that the latest run appended to each raw object and to the quarantine."""
    counts = pipelines.pipeline_for("workday").last_trace.last_normalize_info.row_counts
    return {name: counts.get(name, 0) for name in (*OBJECTS, "quarantine")}


def change(sandbox: SandboxServer, later: datetime, **changes: dict[str, Any]) -> None:
    """Move the world on: ``changes`` are new values of people by id, or of leaves."""
    facts = sandbox.world.facts.model_copy(deep=True)
    for fact in (*facts.resources, *facts.leaves):
        for name, value in changes.get(fact.id, {}).items():
            setattr(fact, name, value)
    sandbox.world.replace_facts(facts, later)


def read(name: str) -> int:
    """How many records of an object that needs no state a fresh client reads."""
    return sum(len(page) for page in connect().fetch(OBJECTS[name], Window(None)))  # type: ignore[arg-type]


def soap_requests(sandbox: SandboxServer) -> int:
    return sum(path == SERVICE for _, path in sandbox.log)


# --- the source


def test_loads_pages_then_changes_then_deletions(sandbox: SandboxServer, tmp_path: Path) -> None:
    pipelines.run("workday")
    first = appended()
    assert first == {
        "workers": PEOPLE,
        "organizations": 7,
        "work_calendars": 1,
        "holidays": 1,
        "worker_calendars": PEOPLE,
        "time_off": 20,
        "quarantine": 0,
    }
    # The clock, two pages of workers, one of organizations.
    assert soap_requests(sandbox) == 4

    pipelines.run("workday")
    assert set(appended().values()) == {0}

    # One person is promoted, a leave is withdrawn, another one was entered by mistake and is deleted.
    later = NOW + timedelta(days=1)
    change(
        sandbox,
        later,
        R010={"role": "Manager", "updated_at": later},
        L4={"status": "cancelled", "updated_at": later},
        L5={"deleted_at": later},
    )
    before = len(sandbox.log)
    pipelines.run("workday")
    assert appended() == {name: {"workers": 1, "time_off": 2}.get(name, 0) for name in (*OBJECTS, "quarantine")}
    key = f"where worker_reference__wid = '{wid('resources', 'R010')}' order by _extracted_at"
    title = "primary_job__position_data__job_profile_summary_data__job_profile_name"
    assert query(tmp_path, f"select {title} from raw_workday.workers {key}") == [("Consultant",), ("Manager",)]
    status = (
        "select status, _is_deleted from raw_workday.time_off where time_off_entry_wid = '{}' order by _extracted_at"
    )
    assert query(tmp_path, status.format(wid("leaves", "L4"))) == [("Approved", False), ("Canceled", False)]
    assert query(tmp_path, status.format(wid("leaves", "L5"))) == [("Approved", False), (None, True)]
    # The clock, one page of what was entered, one of what became effective, one of organizations.
    assert sum(path == SERVICE for _, path in sandbox.log[before:]) == 4
    assert query(tmp_path, "select max(complete_through) from raw_workday.feed") == [(later,)]


def test_rescinded_hire_is_found_by_the_weekly_reading(sandbox: SandboxServer, tmp_path: Path) -> None:
    pipelines.run("workday")
    change(sandbox, NOW + timedelta(days=1), R011={"deleted_at": NOW + timedelta(hours=1)})
    pipelines.run("workday")
    assert appended()["workers"] == 0
    sandbox.world.replace_facts(sandbox.world.facts, NOW + timedelta(days=8))
    pipelines.run("workday")
    dead = query(tmp_path, "select worker_reference__wid from raw_workday.workers where _is_deleted")
    assert dead == [(wid("resources", "R011"),)]


def test_change_entered_ahead_is_read_when_it_takes_effect(sandbox: SandboxServer, tmp_path: Path) -> None:
    """The notice is in the log today; that the person has left is true only weeks later."""
    pipelines.run("workday")
    change(
        sandbox,
        NOW + timedelta(days=1),
        R020={"terminated_on": date(2026, 4, 13), "updated_at": NOW + timedelta(hours=3)},
    )
    status = (
        "select worker_data__employment_data__worker_status_data__termination_date from raw_workday.workers "
        f"where worker_reference__wid = '{wid('resources', 'R020')}' order by _extracted_at"
    )
    pipelines.run("workday")
    assert {row[0] for row in query(tmp_path, status)} == {None}
    sandbox.world.replace_facts(sandbox.world.facts, NOW + timedelta(days=5))
    pipelines.run("workday")
    assert query(tmp_path, status)[-1] == (date(2026, 4, 13),)


def test_values_are_exact_and_names_in_any_script(sandbox: SandboxServer, tmp_path: Path) -> None:
    pipelines.run("workday")
    rows = query(
        tmp_path,
        """
        select
          worker_data__personal_data__name_data__preferred_name_data__name_detail_data__formatted_name as name,
          worker_reference__employee_id is null as is_contractor,
          worker_data__employment_data__worker_contract_data__contract_pay_rate as rate,
          worker_data__employment_data__worker_status_data__hire_date as hired,
          organizations__company__reference_id, work_email, organizations__supervisory__wid, manager__wid
        from raw_workday.workers order by work_email
        """,
    )
    assert {row[0] for row in rows} == {"Zoë Ó Briain", "李 小龍", "Ann Smith"}
    assert {row[2] for row in rows if row[1]} == {Decimal("81.37")} and {row[2] for row in rows if not row[1]} == {None}
    # One date in four carries an offset, one worker in five has a second job in another unit.
    assert [row[3] for row in rows] == [date(2024, 1, 1) + timedelta(days=n) for n in range(PEOPLE)]
    assert {row[4] for row in rows} == {"LE1"} and [row[5] for row in rows] == [
        f"r{n:03}@firm.example" for n in range(PEOPLE)
    ]
    assert [row[6] for row in rows] == [wid("org_units", "OU1" if n % 2 else "OU2") for n in range(PEOPLE)]
    assert [row[7] for row in rows] == [None if n == 1 else wid("resources", "R001") for n in range(PEOPLE)]
    others = "select work_email, other_work_emails from raw_workday.workers where other_work_emails is not null"
    assert query(tmp_path, others) == [("r003@firm.example", "a.lee@old.example;b@old.example")]
    parents = dict(query(tmp_path, "select organization_data__name, parent__wid from raw_workday.organizations"))
    assert parents == {
        "Firm Inc.": None,
        "Monthly": None,
        "Firm": None,
        "Consulting": wid("org_units", "OU0"),
        "Advisory": wid("org_units", "OU0"),
        "All": None,
        "Delivery": wid("org_units", "CC0"),
    }


def test_drifting_records_lose_nothing(sandbox: SandboxServer, tmp_path: Path) -> None:
    workers = vendor(sandbox).tables()["workers"]
    wids = [row["Worker_Reference"]["ID"][0]["#text"] for row in workers]

    def drift(worker: dict[str, Any]) -> dict[str, Any]:
        position = wids.index(worker["Worker_Reference"]["ID"][0]["#text"])
        data = dict(worker["Worker_Data"])
        if position == 0:
            data["Universal_ID"] = "U-1"
        elif position == 1:
            status = {**data["Employment_Data"]["Worker_Status_Data"], "Hire_Date": "soon"}
            data["Employment_Data"] = {**data["Employment_Data"], "Worker_Status_Data": status}
        elif position == 2:
            return {**worker, "Worker_Reference": {"ID": [{"@type": "Employee_ID", "#text": "7"}]}}
        elif position == 3:
            data["User_Name"] = data.pop("User_ID")
        elif position == 4:
            del data["User_ID"]
        return {**worker, "Worker_Data": data}

    vendor(sandbox).tamper["workers"] = drift
    vendor(sandbox).tamper["holidays"] = lambda row: {**row, "Holiday_Date": "25 December"}
    pipelines.run("workday")
    extra = "select json_extract_string(_extra, '$.Worker_Data.Universal_ID') from raw_workday.workers"
    assert {row[0] for row in query(tmp_path, extra)} == {None, "U-1"}
    without = (
        "select json_extract_string(_extra, '$.Worker_Data.User_Name') from raw_workday.workers "
        "where worker_data__user_id is null"
    )
    assert {row[0] for row in query(tmp_path, without)} == {None, workers[3]["Worker_Data"]["User_ID"]}, (
        "renamed, and removed"
    )
    reasons = query(tmp_path, "select object, reason from raw_workday.quarantine order by object, reason")
    assert [row[0] for row in reasons] == ["holidays", "workers", "workers"]
    assert "25 December" in reasons[0][1] and "Hire_Date" in reasons[1][1] and "soon" in reasons[1][1]
    assert reasons[2][1] == "record has no Worker_Reference.WID"
    assert appended()["workers"] == PEOPLE - 2


def test_an_object_that_lost_its_key_fails_alone(sandbox: SandboxServer, tmp_path: Path) -> None:
    pipelines.run("workday")
    vendor(sandbox).tamper["workers"] = lambda worker: {**worker, "Worker_Reference": {"ID": []}}
    later = NOW + timedelta(days=1)
    change(sandbox, later, R007={"name": "Renamed", "updated_at": later})
    with pytest.raises(
        PartialLoadError, match="workers .workday: none of the . records of workers has Worker_Ref"
    ) as e:
        pipelines.run("workday")
    assert {*e.value.failures} == {"workers"}
    feeds = dict(query(tmp_path, "select object, count(*) from raw_workday.feed group by 1"))
    assert feeds == {name: 1 if name == "workers" else 2 for name in OBJECTS}
    vendor(sandbox).tamper.clear()
    pipelines.run("workday")
    assert appended()["workers"] == 1


def test_other_spellings_and_a_report_without_rows(sandbox: SandboxServer, tmp_path: Path) -> None:
    vendor(sandbox).spelling_upper = True
    vendor(sandbox).tamper["time_off"] = lambda row: None
    pipelines.run("workday")
    assert query(tmp_path, "select distinct organizations__company__reference_id from raw_workday.workers") == [
        ("LE1",)
    ]
    assert appended()["time_off"] == 0


def test_reports_accept_the_user_where_there_is_no_api_client(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"):
        monkeypatch.delenv(f"SOURCES__WORKDAY__{name}")
    assert read("worker_calendars") == PEOPLE
    assert not any("oauth2" in path for _, path in sandbox.log)


def test_wrong_password_is_tried_once(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault has status 500, which is otherwise tried again: that would lock the user."""
    monkeypatch.setenv("SOURCES__WORKDAY__PASSWORD", "not-the-password")
    with pytest.raises(PermanentError, match="workday: .*500: invalid username or password; check the cred") as error:
        pipelines.run("workday")
    assert "not-the-password" not in str(error.value)
    assert soap_requests(sandbox) == 1


def test_wrong_api_client_is_one_clear_sentence(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__WORKDAY__CLIENT_SECRET", "not-the-secret")
    with pytest.raises(PermanentError, match="workday: .*401: invalid_client; the credentials were refused") as error:
        read("holidays")
    assert "not-the-secret" not in str(error.value)


def test_faults_that_another_attempt_cannot_mend(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor(sandbox).forbidden.add("Get_Workers_Request")
    with pytest.raises(PermanentError, match="500: Processing error occurred. The task submitted is not authorized"):
        pipelines.run("workday")
    assert soap_requests(sandbox) == 3, "the time, the workers once, and the organizations in spite of them"
    monkeypatch.setenv("SOURCES__WORKDAY__VERSION", "v99.0")
    with pytest.raises(PermanentError, match="The web service or version is invalid"):
        connect().server_time()
    monkeypatch.setenv("SOURCES__WORKDAY__PAGE_SIZE", "1000")
    with pytest.raises(PermanentError, match="page_size is 1000, set it between 1 and 999"):
        connect()


def test_unknown_report_is_named(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__WORKDAY__HOLIDAYS_REPORT", "Feiertage")
    with pytest.raises(PermanentError, match="isu_leakage/Feiertage answered 404"):
        read("holidays")


def test_missing_credentials_are_named(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__WORKDAY__TENANT")
    with pytest.raises(PermanentError, match="tenant"):
        connect()


SERVER_ERROR = """<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>
<SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode><faultstring>busy</faultstring></SOAP-ENV:Fault>
</SOAP-ENV:Body></SOAP-ENV:Envelope>"""


@pytest.mark.parametrize(
    ("fault", "name", "records"),
    [
        (Fault("workday", "status", path="Human_Resources", status=503, times=2), "organizations", 7),
        (Fault("workday", "status", path="Human_Resources", body=SERVER_ERROR, times=2), "organizations", 7),
        (Fault("workday", "status", path="Human_Resources", times=2), "organizations", 7),
        (Fault("workday", "truncate", path="Human_Resources", skip=1), "organizations", 7),
        (Fault("workday", "reset", path="Human_Resources", skip=2), "organizations", 7),
        (Fault("workday", "throttle", path="Worker_Calendars", times=5), "worker_calendars", PEOPLE),
        (Fault("workday", "truncate", path="Worker_Calendars"), "worker_calendars", PEOPLE),
        (Fault("workday", "expire_token", path="Worker_Calendars"), "worker_calendars", PEOPLE),
    ],
    ids=["503", "fault of the server", "500 without a fault", "truncated XML", "broken connection", "throttled report",
         "truncated JSON", "expired token"],
)  # fmt: skip
def test_passing_trouble_costs_nothing(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, fault: Fault, name: str, records: int
) -> None:
    monkeypatch.setenv("SOURCES__WORKDAY__PAGE_SIZE", "3")
    sandbox.faults.append(fault)
    assert read(name) == records
    assert fault.hits >= fault.skip + fault.times


def test_lasting_trouble_is_transient(sandbox: SandboxServer) -> None:
    sandbox.faults.append(Fault("workday", "status", path="Human_Resources", status=503, times=99))
    with pytest.raises(TransientError, match="answered 503.*run again later"):
        connect().server_time()


def test_pages_that_shift_are_not_taken_for_the_whole(sandbox: SandboxServer) -> None:
    """A worker that slips from one page to another while they are read would look as if it were gone."""
    rows = vendor(sandbox).build_tables()["workers"]
    reads = [rows[1:], rows]
    vendor(sandbox).tables = lambda: {"workers": reads.pop()}
    with pytest.raises(
        TransientError, match="Get_Workers announced 119 and then 120 records and sent 119; they changed"
    ):
        pipelines.run("workday")


def test_an_answer_that_lacks_most_people_deletes_nobody(sandbox: SandboxServer, tmp_path: Path) -> None:
    pipelines.run("workday")
    keep = {row["Worker_Reference"]["ID"][0]["#text"] for row in vendor(sandbox).tables()["workers"][:30]}
    vendor(sandbox).tamper["workers"] = lambda w: w if w["Worker_Reference"]["ID"][0]["#text"] in keep else None
    sandbox.world.replace_facts(sandbox.world.facts, NOW + timedelta(days=8))
    with pytest.raises(SourceError, match="only 30 of 120 known records; nothing was marked deleted"):
        pipelines.run("workday")
    assert query(tmp_path, "select count(*) from raw_workday.workers where _is_deleted") == [(0,)]


def test_xml_becomes_json_without_loss() -> None:
    text = f"""<wd:Worker xmlns:wd="{WD}"><wd:Worker_Reference wd:Descriptor="Ann"><wd:ID wd:type="WID">w1</wd:ID>
      <wd:ID wd:type="Employee_ID">7</wd:ID></wd:Worker_Reference><wd:Worker_Data><wd:User_ID/>
      <wd:Tag>a</wd:Tag><wd:Tag>b</wd:Tag><wd:Height wd:unit="cm">180</wd:Height>
      <wd:Since>2024-05-01-07:00</wd:Since><wd:Personal_Data><wd:Contact_Data>
      <wd:Email_Address_Data><wd:Email_Address>home@x.example</wd:Email_Address><wd:Usage_Data wd:Public="0"><wd:Type_Data
        wd:Primary="1"><wd:Type_Reference><wd:ID wd:type="Communication_Usage_Type_ID">HOME</wd:ID></wd:Type_Reference>
        </wd:Type_Data></wd:Usage_Data></wd:Email_Address_Data>
      <wd:Email_Address_Data><wd:Email_Address>old@x.example</wd:Email_Address><wd:Usage_Data><wd:Type_Data
        wd:Primary="0"><wd:Type_Reference><wd:ID wd:type="Communication_Usage_Type_ID">WORK</wd:ID></wd:Type_Reference>
        </wd:Type_Data></wd:Usage_Data></wd:Email_Address_Data>
      <wd:Email_Address_Data><wd:Email_Address>ann@x.example</wd:Email_Address><wd:Usage_Data><wd:Type_Data
        wd:Primary="true"><wd:Type_Reference><wd:ID wd:type="Communication_Usage_Type_ID">WORK</wd:ID></wd:Type_Reference>
        </wd:Type_Data></wd:Usage_Data></wd:Email_Address_Data>
      </wd:Contact_Data></wd:Personal_Data></wd:Worker_Data></wd:Worker>"""
    record = msgspec.json.decode(convert.worker(ET.fromstring(text)))
    assert record["Worker_Reference"] == {"Descriptor": "Ann", "WID": "w1", "Employee_ID": "7"}
    data = record["Worker_Data"]
    assert (data["User_ID"], data["Tag"], data["Since"]) == (None, ["a", "b"], "2024-05-01")
    assert data["Height"] == {"unit": "cm", "value": "180"}
    assert (record["Work_Email"], record["Other_Work_Emails"]) == ("ann@x.example", "old@x.example") and len(
        data["Personal_Data"]["Contact_Data"]["Email_Address_Data"]
    ) == 3
    assert record["Transaction_Entry_Moment"] is None and record["Organizations"] == {}


# --- the stand-in's protocol


def post(
    sandbox: SandboxServer, body: str, user: str = f"{USER}@leakage", password: str = PASSWORD
) -> requests.Response:
    """A request as it goes over the wire, padded as one known client pads it."""
    secext = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    envelope = f"""<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wd="{WD}"><e:Header>
      <s:Security xmlns:s="{secext}"><s:UsernameToken><s:Username>{user}</s:Username><s:Password>
      {password}  </s:Password></s:UsernameToken></s:Security></e:Header><e:Body>{body}</e:Body></e:Envelope>"""
    return requests.post(sandbox.url + SERVICE, data=envelope.encode(), timeout=10)


def workers(sandbox: SandboxServer, **blocks: str) -> ET.Element:
    inner = "".join(f"<wd:{name}>{content}</wd:{name}>" for name, content in blocks.items())
    answer = post(sandbox, f'<wd:Get_Workers_Request wd:version="v45.0">{inner}</wd:Get_Workers_Request>')
    assert answer.status_code == 200, answer.text
    found = ET.fromstring(answer.content).find(f".//{{{WD}}}Get_Workers_Response")
    assert found is not None
    return found


def results(answer: ET.Element) -> dict[str, str]:
    block = answer.find(f"{{{WD}}}Response_Results")
    assert block is not None
    return {child.tag.rpartition("}")[2]: child.text or "" for child in block}


def test_pages_echo_the_request_and_hide_what_was_not_asked_for(sandbox: SandboxServer) -> None:
    answer = workers(
        sandbox,
        Response_Filter="<wd:Page>2</wd:Page><wd:Count>50</wd:Count>",
        Response_Group="<wd:Include_Reference>1</wd:Include_Reference>",
    )
    assert results(answer) == {"Total_Results": "120", "Total_Pages": "3", "Page_Results": "50", "Page": "2"}
    assert [child.tag.rpartition("}")[2] for child in answer] == [
        "Response_Filter", "Response_Group", "Response_Results", "Response_Data",
    ]  # fmt: skip
    first = answer.find(f"{{{WD}}}Response_Data/{{{WD}}}Worker")
    assert first is not None
    reference, data = list(first)
    assert [child.tag.rpartition("}")[2] for child in data] == ["Worker_ID", "User_ID"]
    assert reference.get(f"{{{WD}}}Descriptor") is None
    assert next(one.get(f"{{{WD}}}type") for one in reference) == "WID"


def test_no_hits_have_no_response_data(sandbox: SandboxServer) -> None:
    criteria = (
        "<wd:Transaction_Log_Criteria_Data><wd:Transaction_Date_Range_Data>"
        "<wd:Updated_From>2026-04-09T00:00:00Z</wd:Updated_From></wd:Transaction_Date_Range_Data>"
        "</wd:Transaction_Log_Criteria_Data>"
    )
    answer = workers(sandbox, Request_Criteria=criteria)
    assert results(answer)["Total_Results"] == "0" and answer.find(f"{{{WD}}}Response_Data") is None


def test_terminated_and_contingent_workers_are_sent_unless_excluded(sandbox: SandboxServer) -> None:
    def total(*flags: str) -> int:
        criteria = "".join(f"<wd:{flag}>1</wd:{flag}>" for flag in flags)
        return int(results(workers(sandbox, Request_Criteria=criteria))["Total_Results"])

    contingent = sum(n % 7 == 0 for n in range(PEOPLE))
    assert total() == PEOPLE
    assert total("Exclude_Inactive_Workers") == PEOPLE - 1
    assert total("Exclude_Contingent_Workers") == PEOPLE - contingent
    assert total("Exclude_Employees") == contingent
    early = workers(sandbox, Response_Filter="<wd:As_Of_Effective_Date>2024-01-10</wd:As_Of_Effective_Date>")
    assert results(early)["Total_Results"] == "10"


@pytest.mark.parametrize(
    ("body", "user", "code", "words"),
    [
        ("<wd:Get_Workers_Request/>", "somebody", "Client.authenticationError", "invalid username or password"),
        ("<wd:Get_Payroll_Request/>", f"{USER}@leakage", "Client.validationError", "Get_Payroll_Request is not known"),
        (
            "<wd:Get_Workers_Request><wd:Response_Filter><wd:Count>1000</wd:Count></wd:Response_Filter></wd:Get_Workers_Request>",
            f"{USER}@leakage",
            "Client.validationError",
            "Count must be between 1 and 999",
        ),
    ],
)
def test_faults_have_status_500(sandbox: SandboxServer, body: str, user: str, code: str, words: str) -> None:
    answer = post(sandbox, body, user)
    assert answer.status_code == 500
    fault = ET.fromstring(answer.content)[0][0]
    assert fault.findtext("faultcode") == f"SOAP-ENV:{code}" and words in (fault.findtext("faultstring") or "")
    assert (fault.find(f"detail/{{{WD}}}Validation_Fault") is not None) is code.endswith("validationError")
