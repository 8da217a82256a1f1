"""Certinia PSA: the stand-in keeps time as the package does, and the source reads it completely, once, and survives trouble."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
import requests

from ingestion import pipelines
from ingestion.http import session as http_session
from ingestion.http.errors import PermanentError, TransientError
from ingestion.raw import Window
from ingestion.sandbox.facts import Facts, TimeEntry
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems import salesforce
from ingestion.sandbox.systems.certinia import CLIENT_ID, CLIENT_SECRET, System
from ingestion.sandbox.systems.certinia.catalog import CATALOG as ORG
from ingestion.sandbox.world import World
from ingestion.sources.certinia import connect
from ingestion.sources.certinia.schema import CATALOG, OBJECTS
from ingestion.sources.salesforce import settings

NOW = datetime(2026, 4, 30, 18, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
SUBMITTED_AT = datetime(2026, 4, 3, 15, tzinfo=UTC)
APPROVED_AT = datetime(2026, 4, 6, 9, tzinfo=UTC)
ENTERED_AT = datetime(2026, 3, 30, 12, tzinfo=UTC)
TIMECARDS = 450
DBT_PROJECT = Path(__file__).parents[2] / "dbt_project"


def entry(fact_id: str, **changes: Any) -> TimeEntry:
    """A day of the week in which March became April: approved, entered together with the others, unless changed."""
    values: dict[str, Any] = {
        "id": fact_id,
        "project": "P1",
        "resource": "R1",
        "work_date": "2026-03-30",
        "hours": "8",
        "applied_rate": "180.1255",
        "created_at": ENTERED_AT,
        "submitted_at": SUBMITTED_AT,
        "approved_at": APPROVED_AT,
        "approver": "R2",
    }
    return TimeEntry.model_validate(values | changes)


def week(**changes: Any) -> list[TimeEntry]:
    """Monday 30 March to Friday 3 April, entered at once; ``changes`` are of single days, by their id."""
    days = [("MON", 30), ("TUE", 31), ("WED", 1), ("THU", 2), ("FRI", 3)]
    return [
        entry(name, **({"work_date": date(2026, 3 if day > 5 else 4, day)} | changes.get(name, {})))
        for name, day in days
    ]


def many(**changes: Any) -> list[TimeEntry]:
    """T0 to T449, each entered alone."""
    start = date(2025, 1, 6)
    return [
        entry(f"T{n}", **({"work_date": start + timedelta(days=n), "created_at": None} | changes.get(f"T{n}", {})))
        for n in range(TIMECARDS)
    ]


def firm(entries: list[TimeEntry] | None = None, **more: Any) -> Facts:
    """A small firm: a live, a merged and an internal project, people of several scripts, all that a PSA keeps."""
    values: dict[str, Any] = {
        "legal_entities": [{"id": "LE1"}],
        "customers": [{"id": "C1", "name": "Müller & 株式会社"}, {"id": "C2", "name": "Beta"}],
        "contracts": [{"id": "K1", "customer": "C1", "currency": "EUR"}],
        "contract_lines": [{"id": "L1", "contract": "K1", "amount": "100000"}],
        "resources": [
            {
                "id": "R1",
                "name": "Åsa Ωmega 山田",
                "email": "Asa@Firm.example",
                "role": "Consultant",
                "cost_rate": "80.50",
                "cost_currency": "EUR",
                "legal_entity": "LE1",
            },
            {"id": "R2", "name": "Bo", "role": "Manager", "kind": "contractor"},
        ],
        "projects": [
            {
                "id": "P1",
                "name": "Roll-out",
                "code": "RO1",
                "customer": "C1",
                "contract_line": "L1",
                "manager": "R2",
                "created_at": "2026-01-05",
                "starts_on": "2026-01-05",
                "ends_on": "2026-12-31",
            },
            {"id": "P2", "name": "Old", "status": "closed", "merged_into": "P1"},
            {"id": "P3", "name": "Bench", "kind": "internal", "status": "planned"},
        ],
        "assignments": [
            {
                "id": "A1",
                "project": "P1",
                "resource": "R1",
                "role": "Architect",
                "starts_on": "2026-03-02",
                "ends_on": "2026-03-13",
                "hours_per_day": "7.5",
            },
            {
                "id": "A2",
                "project": "P3",
                "resource": "R2",
                "starts_on": "2026-03-02",
                "ends_on": "2026-03-02",
                "is_hard": False,
            },
        ],
        "milestones": [
            {
                "id": "M1",
                "contract_line": "L1",
                "amount": "10000.01",
                "due_on": "2026-03-20",
                "accepted_on": "2026-03-16",
                "shares": {"C1": "60", "C2": "40"},
            },
            {"id": "M2", "contract_line": "L1", "project": "P1", "amount": "500", "due_on": "2026-06-30"},
        ],
        "rate_cards": [
            {
                "id": "RC1",
                "scope_id": "L1",
                "currency": "EUR",
                "lines": [
                    {"role": "Consultant", "rate": "180.1255", "valid_to": "2026-03-11"},
                    {"resource": "R2", "rate": "300", "valid_from": "2026-03-11"},
                ],
            },
            {"id": "RC2", "scope": "customer", "scope_id": "C1", "currency": "EUR", "lines": [{"rate": "100"}]},
            {"id": "RC3", "scope": "standard", "agreed": False},
            {"id": "CRM-ONLY", "applied": False, "lines": [{"role": "Consultant", "rate": "1"}]},
        ],
        "time_entries": many() if entries is None else entries,
    }
    return Facts.model_validate(values | more)


def world(entries: list[TimeEntry] | None = None, **systems: str) -> World:
    return World(firm(entries), NOW, {"psa": "certinia"} | systems)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(http_session, "BACKOFF_CAP_SECONDS", 0.001)
    monkeypatch.setattr(settings, "PAGE_ROWS", 200)
    return tmp_path


@pytest.fixture
def sandbox(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """A served org, with its credentials in the environment."""
    with SandboxServer(world()) as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(name, value)
        yield server


def org(server: SandboxServer) -> System:
    vendor = server.world.vendors["certinia"]
    assert isinstance(vendor, System)
    return vendor


def load(*objects: str) -> None:
    """One run of the source, of all objects or the named ones."""
    source = pipelines.source_for("certinia")
    pipelines.run("certinia", source.with_resources(*objects) if objects else source)


def rows(data_dir: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute("set timezone = 'UTC'").execute(sql).fetchall()


def read(name: str, since: datetime | None = None) -> list[dict[str, Any]]:
    """The records that the source's client yields of one object, without a pipeline."""
    pages = connect().fetch(OBJECTS[name], Window(since))
    return [msgspec.json.decode(raw) for page in pages if isinstance(page, list) for raw in page]


def header(server: SandboxServer, fact_id: str) -> str:
    """The id of the timecard that a day is on."""
    return org(server).external_id("time_entries", fact_id).split("-")[0]


def calls(server: SandboxServer, part: str) -> int:
    return sum(part in path for _, path in server.log)


class TestTimecards:
    """How the stand-in sorts days into timecards and splits."""

    def tables(self, entries: list[TimeEntry]) -> dict[str, list[dict[str, Any]]]:
        vendor = world(entries).vendors["certinia"]
        return vendor.tables()

    def ids(self, entries: list[TimeEntry]) -> dict[str, str]:
        vendor = world(entries).vendors["certinia"]
        return {e.id: vendor.external_id("time_entries", e.id) for e in entries}

    def test_days_entered_together_share_a_timecard_and_a_month_end_parts_its_billing(self) -> None:
        tables = self.tables(week(WED={"hours": "6.5", "note": "Entwurf"}))
        (card,) = tables["pse__Timecard_Header__c"]
        hours = {name[5:-9]: value for name, value in card.items() if name.endswith("_Hours__c") and value is not None}
        assert hours == {
            "Monday": 8,
            "Tuesday": 8,
            "Wednesday": Decimal("6.5"),
            "Thursday": 8,
            "Friday": 8,
            "Total": Decimal("38.5"),
        }
        assert (card["pse__Start_Date__c"], card["pse__End_Date__c"]) == ("2026-03-30", "2026-04-05")
        assert (card["pse__Wednesday_Notes__c"], card["pse__Status__c"]) == ("Entwurf", "Approved")
        assert card["pse__Bill_Rate__c"] == Decimal("180.1255")
        splits = tables["pse__Timecard__c"]
        assert [(s["pse__Start_Date__c"], s["pse__End_Date__c"], s["pse__Total_Hours__c"]) for s in splits] == [
            ("2026-03-30", "2026-03-31", 16),
            ("2026-04-01", "2026-04-05", Decimal("22.5")),
        ]
        assert {s["pse__Timecard_Header__c"] for s in splits} == {card["Id"]}
        assert splits[0]["pse__Total_Billable_Amount__c"] == Decimal("2882"), "two decimals of a rate of four"

    @pytest.mark.parametrize(
        "change",
        [
            {"status": "submitted", "approved_at": None},
            {"approver": "Client"},
            {"applied_rate": "200"},
            {"is_billable": False},
            {"role": "Manager"},
            {"hold": {"placed_on": "2026-04-10"}},
            {"is_marked_billed": True},
            {"created_at": ENTERED_AT + timedelta(hours=1)},
            {"created_at": None},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_what_a_timecard_cannot_say_puts_a_day_on_another_one(self, change: dict[str, Any]) -> None:
        tables = self.tables(week(TUE=change))
        cards = tables["pse__Timecard_Header__c"]
        assert sorted(card["pse__Total_Hours__c"] for card in cards) == [8, 32]
        assert self.ids(week(TUE=change))["FRI"] == self.ids(week())["FRI"]

    def test_a_month_has_a_billing_state_of_its_own(self) -> None:
        marked = {"is_marked_billed": True}
        tables = self.tables(week(MON=marked, TUE=marked))
        assert len(tables["pse__Timecard_Header__c"]) == 1
        assert [s["pse__Billed__c"] for s in tables["pse__Timecard__c"]] == [True, False]

    def test_two_entries_of_a_day_are_two_timecards(self) -> None:
        entries = [*week(), entry("AGAIN", work_date="2026-04-01", hours="1")]
        ids = self.ids(entries)
        assert len(set(ids.values())) == 6
        assert ids["AGAIN"].endswith("-2026-04-01")
        assert len(self.tables(entries)["pse__Timecard_Header__c"]) == 2

    def test_ids_do_not_move_with_what_becomes_of_the_week(self) -> None:
        draft = {"status": "draft", "submitted_at": None, "approved_at": None, "approver": None}
        alone = {"created_at": None}
        days = ("MON", "TUE", "WED", "THU", "FRI")
        assert self.ids(week(**dict.fromkeys(days, draft))) == self.ids(week())
        assert self.ids(week(**dict.fromkeys(days, alone))) == self.ids(
            week(**dict.fromkeys(days, alone) | {"WED": alone | draft, "FRI": alone | {"is_marked_billed": True}})
        )

    def test_a_deleted_day_leaves_its_timecard_which_changes(self) -> None:
        tables = self.tables(week(WED={"deleted_at": NOW}))
        (card,) = tables["pse__Timecard_Header__c"]
        assert (card["IsDeleted"], card["pse__Wednesday_Hours__c"]) == (False, None)
        assert card["SystemModstamp"] == "2026-04-30T18:00:00.000+0000"
        assert [d["IsDeleted"] for d in tables["pse__Time_Date__c"]] == [False, False, True, False, False]
        gone = self.tables(week(**{name: {"deleted_at": NOW} for name in ("MON", "TUE", "WED", "THU", "FRI")}))
        assert [c["IsDeleted"] for c in gone["pse__Timecard_Header__c"]] == [True]
        assert [s["IsDeleted"] for s in gone["pse__Timecard__c"]] == [True, True]

    def test_eligible_is_a_formula_over_raw_flags(self) -> None:
        states = {
            "Yes": {},
            "No": {"hold": {"placed_on": "2026-04-10"}},
            "No ": {"is_marked_billed": True},
            "No  ": {"status": "submitted", "approved_at": None},
        }
        for expected, change in states.items():
            (split,) = self.tables([entry("T1", **change)])["pse__Timecard__c"]
            assert split["pse__Eligible_for_Billing__c"] == expected.strip()


class TestProtocol:
    """Two orgs of one platform, each with its own app, objects and formulas."""

    def token(self, server: SandboxServer, system: str, client_id: str, secret: str) -> requests.Response:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        return requests.post(f"{server.url}/{system}/services/oauth2/token", data=form, timeout=5)

    def test_the_two_orgs_have_apps_sessions_and_objects_of_their_own(self) -> None:
        with SandboxServer(world([], crm="salesforce")) as server:
            crm_app = (salesforce.CLIENT_ID, salesforce.CLIENT_SECRET)
            assert self.token(server, "certinia", *crm_app).json()["error"] == "invalid_client_id"
            assert self.token(server, "salesforce", CLIENT_ID, CLIENT_SECRET).status_code == 400
            answer = self.token(server, "certinia", CLIENT_ID, CLIENT_SECRET).json()
            assert answer["instance_url"] == f"{server.url}/certinia"
            http = {"Authorization": f"Bearer {answer['access_token']}"}
            other = requests.get(f"{server.url}/salesforce/services/data/v62.0/limits", headers=http, timeout=5)
            assert other.status_code == 401
            query = {"q": "SELECT Id FROM SOW_Line__c"}
            found = requests.get(
                f"{server.url}/certinia/services/data/v62.0/query", params=query, headers=http, timeout=5
            )
            assert found.json()[0]["errorCode"] == "INVALID_TYPE"

    def test_describe_says_what_is_a_formula_and_how_exact_a_rate_is(self, sandbox: SandboxServer) -> None:
        answer = self.token(sandbox, "certinia", CLIENT_ID, CLIENT_SECRET).json()
        http = {"Authorization": f"Bearer {answer['access_token']}"}
        url = f"{sandbox.url}/certinia/services/data/v62.0/sobjects/pse__Assignment__c/describe"
        fields = {f["name"]: f for f in requests.get(url, headers=http, timeout=5).json()["fields"]}
        assert fields["pse__End_Date__c"]["calculated"]
        assert (fields["pse__Bill_Rate__c"]["precision"], fields["pse__Bill_Rate__c"]["scale"]) == (18, 4)
        assert fields["pse__Project__c"]["referenceTo"] == ["pse__Proj__c"]
        assert fields["pse__Schedule__c"]["custom"]


class TestSource:
    """The source against the stand-in, over HTTP, into raw."""

    def test_everything_arrives_over_several_pages(self, sandbox: SandboxServer, data_dir: Path) -> None:
        load()
        assert calls(sandbox, "/query/") == 6, "450 timecards, days and splits come in three pages of 200 each"
        counts = {name: rows(data_dir, f"select count(*) from raw_certinia.{name}")[0][0] for name in OBJECTS}
        assert counts == {
            "picklist_meaning": 11,
            "organization": 1,
            "user": 2,
            "account": 2,
            "contact": 2,
            "project": 4,
            "schedule": 2,
            "assignment": 2,
            "milestone": 3,
            "rate_card_set": 3,
            "rate_card": 3,
            "rate_card_set_junction": 3,
            "timecard": TIMECARDS,
            "time_date": TIMECARDS,
            "timecard_split": TIMECARDS,
        }
        assert rows(data_dir, "select count(*) from raw_certinia.quarantine") == [(0,)]
        extras = " union all ".join(f"select _extra from raw_certinia.{name}" for name in OBJECTS)
        assert rows(data_dir, f"select count(_extra) from ({extras})") == [(0,)], "every field but formulas is declared"
        load()
        appended = "select sum(versions_appended), sum(tombstones) from raw_certinia.feed"
        assert rows(data_dir, appended) == [(sum(counts.values()), 0)], "a second run brings nothing"

    def test_no_formula_is_read(self) -> None:
        """A formula moves without the record's stamp: what was read once would stay as it was."""
        formulas = {f"{o.name}.{field}" for o in ORG.values() for field in o.formulas}
        assert "pse__Assignment__c.pse__End_Date__c" in formulas
        assert formulas & CATALOG.declared_fields() == set()

    def test_a_change_appends_one_version_per_record(self, sandbox: SandboxServer, data_dir: Path) -> None:
        load("timecard", "timecard_split")
        changed = {"T7": {"is_marked_billed": True, "updated_at": LATER}}
        sandbox.world.replace_facts(firm(many(**changed)), LATER)
        load("timecard", "timecard_split")
        received = rows(data_dir, "select object, records_received from raw_certinia.feed order by _extracted_at, 1")
        assert received[2:] == [("timecard", 1), ("timecard_split", 1)], "later runs read their window only"
        key = header(sandbox, "T7")
        billed = rows(
            data_dir,
            f"select pse_billed_c from raw_certinia.timecard_split where pse_timecard_header_c = '{key}'"
            " order by system_modstamp",
        )
        assert billed == [(False,), (True,)]

    @pytest.mark.parametrize("pause", [timedelta(days=2), timedelta(days=40)], ids=["delete log", "all keys compared"])
    def test_deleted_for_good_becomes_a_tombstone(
        self, sandbox: SandboxServer, data_dir: Path, pause: timedelta
    ) -> None:
        load("timecard", "timecard_split")
        key = header(sandbox, "T7")
        sandbox.world.replace_facts(firm([e for e in many() if e.id != "T7"]), NOW + pause)
        load("timecard", "timecard_split")
        assert rows(data_dir, "select id from raw_certinia.timecard where _is_deleted") == [(key,)]
        assert rows(data_dir, "select count(*) from raw_certinia.timecard_split where _is_deleted") == [(1,)]

    def test_in_the_recycle_bin_keeps_its_row_with_the_flag(self, sandbox: SandboxServer, data_dir: Path) -> None:
        load("timecard")
        sandbox.world.replace_facts(firm(many(T7={"deleted_at": LATER})), LATER)
        load("timecard")
        load("timecard")
        key = header(sandbox, "T7")
        versions = f"select is_deleted, _is_deleted from raw_certinia.timecard where id = '{key}' order by 1"
        assert rows(data_dir, versions) == [(False, False), (True, False)], "no tombstone beside the flagged version"

    def test_of_people_only_what_is_needed_is_read(self, sandbox: SandboxServer, data_dir: Path) -> None:
        load("user", "contact")
        assert rows(data_dir, "select distinct name from raw_certinia.contact order by 1") == [
            ("Bo",),
            ("Åsa Ωmega 山田",),
        ], "customers' contacts stay where they are"
        assert rows(data_dir, "select count(*) from raw_certinia.user where _extra is not null") == [(0,)]


class TestTrouble:
    """Tokens, faults, drift and configuration."""

    def test_expired_token_in_mid_load_is_renewed_once(self, sandbox: SandboxServer) -> None:
        sandbox.faults.append(Fault("certinia", "expire_token", path="/query/"))
        assert len({record["Id"] for record in read("timecard")}) == TIMECARDS
        assert calls(sandbox, "/oauth2/token") == 2

    @pytest.mark.parametrize(
        "fault",
        [
            Fault("certinia", "status", path="/query/", times=2, status=500),
            Fault("certinia", "throttle", path="/query", times=4),
            Fault("certinia", "truncate", path="/queryAll"),
        ],
        ids=["500 twice", "request limit", "truncated JSON"],
    )
    def test_passing_trouble_costs_nothing(self, sandbox: SandboxServer, fault: Fault) -> None:
        sandbox.faults.append(fault)
        ids = [record["Id"] for record in read("timecard")]
        assert fault.hits >= fault.times
        assert len(ids) == len(set(ids)) == TIMECARDS

    def test_errors_name_this_system(self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
        sandbox.faults.append(Fault("certinia", "throttle", path="/queryAll", times=http_session.MAX_ATTEMPTS))
        with pytest.raises(TransientError, match=r"^certinia: .*REQUEST_LIMIT_EXCEEDED"):
            read("timecard")
        monkeypatch.setenv("SOURCES__CERTINIA__CLIENT_SECRET", "not-the-secret")
        with pytest.raises(PermanentError, match=r"^certinia: .*/oauth2/token answered 400: invalid_client") as error:
            read("timecard")
        assert "not-the-secret" not in str(error.value)

    def test_renamed_new_and_retyped_fields(self, sandbox: SandboxServer, data_dir: Path) -> None:
        def drift(record: dict[str, Any]) -> dict[str, Any]:
            record["Job__c"] = record.pop("Task__c")
            if record["Id"] == header(sandbox, "T8"):
                record["pse__Monday_Hours__c"] = "eight"
            return record | {"Mood__c": "Ωκ"}

        org(sandbox).tamper["pse__Timecard_Header__c"] = drift
        load("timecard")
        key = header(sandbox, "T7")
        extra = rows(data_dir, f"select task_c, _extra from raw_certinia.timecard where id = '{key}'")
        assert extra == [(None, '{"Job__c":null,"Mood__c":"Ωκ"}')]
        ((record_key, reason),) = rows(data_dir, "select record_key, reason from raw_certinia.quarantine")
        assert record_key == header(sandbox, "T8")
        assert "pse__Monday_Hours__c: declared decimal, got 'eight'" in reason

    def test_a_missing_field_that_verdicts_depend_on_stops_the_load(self, sandbox: SandboxServer) -> None:
        def hide(record: dict[str, Any]) -> dict[str, Any]:
            del record["pse__Billing_Hold__c"]
            return record

        org(sandbox).tamper["pse__Timecard__c"] = hide
        with pytest.raises(PermanentError, match="certinia: pse__Timecard__c has no field pse__Billing_Hold__c"):
            read("timecard_split")

    def test_names_of_the_org(self, sandbox: SandboxServer, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def renamed(record: dict[str, Any]) -> dict[str, Any]:
            record["Job_Number__c"] = record.pop("Project_Code__c")
            return record

        org(sandbox).tamper["pse__Proj__c"] = renamed
        monkeypatch.setenv("SOURCES__CERTINIA__FIELD_NAMES", '{"pse__Proj__c.Project_Code__c": "Job_Number__c"}')
        monkeypatch.setenv("SOURCES__CERTINIA__OBJECT_NAMES", '{"pse__Time_Date__c": ""}')
        monkeypatch.setenv("SOURCES__CERTINIA__PICKLISTS", '{"pse__Proj__c.pse__Stage__c": {"Delivery": "active"}}')
        load("project", "time_date", "picklist_meaning")
        assert ("RO1",) in rows(data_dir, "select project_code_c from raw_certinia.project")
        assert rows(data_dir, "select count(*) from raw_certinia.time_date") == [(0,)], "left out, but its table exists"
        own = "select meaning from raw_certinia.picklist_meaning where value = 'Delivery'"
        assert rows(data_dir, own) == [("active",)]

    @pytest.mark.parametrize(
        ("variable", "value", "complaint"),
        [
            ("PICKLISTS", '{"pse__Proj__c.Mood__c": {"x": "y"}}', "certinia: picklists has no pse__Proj__c.Mood__c"),
            ("PICKLISTS", '{"pse__Proj__c.pse__Stage__c": {"x": "asleep"}}', "says asleep .*; choose from planned"),
            ("FIELD_NAMES", '{"Contact.Nope__c": "X__c"}', "certinia: field_names renames Contact.Nope__c"),
        ],
    )
    def test_wrong_configuration(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, complaint: str
    ) -> None:
        monkeypatch.setenv(f"SOURCES__CERTINIA__{variable}", value)
        with pytest.raises(PermanentError, match=complaint):
            connect()


# --- staging and mapping

EXACT = [
    *week(MON={"hold": {"reason": "PO missing", "placed_on": "2026-04-10", "expires_on": "2026-05-10"}}),
    entry("THIRD", work_date="2026-03-10", hours="7.3333", created_at=None),
    entry("FEWER", work_date="2026-03-11", hours="8", billable_hours="6.5", created_at=None, is_marked_billed=True),
    entry("TWICE", work_date="2026-03-11", hours="1", created_at=None, role="Manager", applied_rate=None),
    entry("DRAFT", work_date="2026-03-12", created_at=None, status="draft", submitted_at=None, approved_at=None),
    entry("UNDATED", work_date="2026-03-13", created_at=None, submitted_at=None),
    entry("REJECTED", work_date="2026-03-14", created_at=None, status="rejected", approved_at=None, approver="Cleo"),
    entry("BENCH", project="P3", work_date="2026-03-15", created_at=None, is_billable=False),
    entry("DELETED", work_date="2026-03-16", created_at=None, deleted_at=NOW),
]


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Path]]:
    """A firm loaded twice and taken through staging and mapping, by a dbt project with this vendor's models alone.

    Between the loads a booking is prolonged, which moves its schedule but not the assignment whose dates are formulas,
    and a project is excluded from billing, which moves no record of its time.
    """
    home = tmp_path_factory.mktemp("mapped")
    served = world(EXACT, crm="salesforce", erp="netsuite")
    with SandboxServer(served) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in (server.credentials() | {"LEAKAGE_DATA_DIR": str(home)}).items():
            patch.setenv(name, value)
        load()
        facts = firm(EXACT)
        facts.assignments[0] = facts.assignments[0].model_copy(
            update={"ends_on": date(2026, 3, 20), "updated_at": LATER}
        )
        facts.projects[2] = facts.projects[2].model_copy(update={"updated_at": LATER})
        served.replace_facts(facts, LATER)
        vendor = org(server)
        bench = vendor.external_id("projects", "P3")
        vendor.tamper["pse__Assignment__c"] = lambda r: r | {"SystemModstamp": "2020-01-01T00:00:00.000+0000"}
        vendor.tamper["pse__Proj__c"] = lambda r: r | {"pse__Exclude_From_Billing__c": r["Id"] == bench}
        load()
        yield served, home


@pytest.fixture(scope="module")
def models(mapped: tuple[World, Path]) -> tuple[World, Path]:
    served, home = mapped
    project = home / "project"
    for folder in ("macros", "models/staging/certinia", "models/mapping/certinia"):
        shutil.copytree(DBT_PROJECT / folder, project / folder)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(DBT_PROJECT / name, project)
    dbt = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", "--exclude-resource-type", "test"]
    env = {"LEAKAGE_DATA_DIR": str(home), "DBT_TARGET_PATH": str(home / "target"), "LEAKAGE_SYSTEMS": "psa=certinia"}
    done = subprocess.run(
        [*dbt, "--profiles-dir", "."], cwd=project, env=os.environ | env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return served, home


def mapped_rows(models: tuple[World, Path], entity: str) -> dict[str, dict[str, Any]]:
    """The mapped records of an entity by their id."""
    with duckdb.connect(str(models[1] / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(f"select * from mapping.map_certinia__{entity}")
        names = [d[0] for d in found.description or []]
        records = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    assert len({r["source_id"] for r in records}) == len(records)
    return {r.pop("source_id"): {n: v for n, v in r.items() if n != "source_updated_at"} for r in records}


def mapped_row(models: tuple[World, Path], entity: str, kind: str, fact_id: str) -> dict[str, Any]:
    """The mapped record of a fact, found by the id that other systems' references to it carry."""
    return mapped_rows(models, entity)[models[0].ref("psa", kind, fact_id) or ""]


def at(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=None) if moment else None


def test_every_day_of_work_comes_out_as_it_was(models):
    served, _ = models
    found = mapped_rows(models, "time_entry")
    assert len(found) == len(EXACT)
    people = {"R2": "r2@firm.example"}
    for fact in EXACT:
        row = found[served.ref("psa", "time_entries", fact.id) or ""]
        excluded = fact.project == "P3"
        hold = fact.hold
        assert row == {
            "is_deleted": fact.id == "DELETED",
            "project_source_id": served.ref("psa", "projects", fact.project),
            "resource_source_id": served.ref("psa", "resources", "R1"),
            "role": fact.role or "Consultant",
            "work_date": fact.work_date,
            "hours": fact.hours,
            "billable_hours": fact.billable_hours or fact.hours,
            "is_billable": fact.is_billable,
            "status": fact.status,
            "submitted_at": at(fact.submitted_at),
            "approved_at": at(fact.approved_at),
            "approver": people.get(fact.approver or "", fact.approver),
            "applied_rate": fact.applied_rate,
            "applied_currency": None if fact.applied_rate is None else ("USD" if excluded else "EUR"),
            "is_marked_billed": fact.is_marked_billed,
            "hold_reason": hold.reason if hold else "excluded from billing" if excluded else None,
            "hold_from_date": hold.placed_on if hold else LATER.date() if excluded else None,
            "hold_until_date": hold.expires_on if hold else None,
        }, fact.id


def test_a_flag_of_the_project_holds_time_whose_records_never_moved(models):
    served, home = models
    card = (served.ref("psa", "time_entries", "BENCH") or "").split("-")[0]
    assert rows(home, f"select count(*) from raw_certinia.timecard where id = '{card}'") == [(1,)]
    assert mapped_row(models, "time_entry", "time_entries", "BENCH")["hold_reason"] == "excluded from billing"


def test_a_booking_follows_its_schedule_while_its_own_stamp_stands(models):
    served, home = models
    stamps = rows(home, "select count(distinct system_modstamp) from raw_certinia.schedule")
    assert stamps == [(2,)], "the schedule moved"
    booking = mapped_row(models, "assignment", "assignments", "A1")
    assert booking == {
        "is_deleted": False,
        "project_source_id": served.ref("psa", "projects", "P1"),
        "resource_source_id": served.ref("psa", "resources", "R1"),
        "role": "Architect",
        "start_date": date(2026, 3, 2),
        "end_date": date(2026, 3, 20),
        "hours": Decimal("112.5000"),
        "is_hard": True,
    }
    assert mapped_row(models, "assignment", "assignments", "A2")["is_hard"] is False


def test_projects_are_mapped_exactly(models):
    served, _ = models
    found = mapped_rows(models, "project")
    assert len(found) == 3, "a template is no project"
    assert found[served.ref("psa", "projects", "P1") or ""] == {
        "is_deleted": False,
        "name": "Roll-out",
        "project_code": "RO1",
        "customer_ref": served.ref("crm", "customers", "C1"),
        "contract_line_ref": served.ref("crm", "contract_lines", "L1"),
        "project_type": "billable",
        "status": "active",
        "start_date": date(2026, 1, 5),
        "end_date": date(2026, 12, 31),
        "created_at": datetime(2026, 1, 5),
        "merged_into_source_id": None,
        "manager_ref": "r2@firm.example",
    }
    merged = found[served.ref("psa", "projects", "P2") or ""]
    assert (merged["status"], merged["merged_into_source_id"]) == ("closed", served.ref("psa", "projects", "P1"))
    bench = found[served.ref("psa", "projects", "P3") or ""]
    assert (bench["project_type"], bench["status"], bench["customer_ref"]) == ("internal", "planned", None)


def test_resources_are_mapped_exactly(models):
    served, _ = models
    assert mapped_row(models, "resource", "resources", "R1") == {
        "is_deleted": False,
        "name": "Åsa Ωmega 山田",
        "email": "asa@firm.example",
        "role": "Consultant",
        "resource_type": "employee",
        "cost_rate": Decimal("80.500000"),
        "cost_currency": "EUR",
        "legal_entity_ref": served.ref("erp", "legal_entities", "LE1"),
        **dict.fromkeys(
            (
                "hire_date",
                "termination_date",
                "manager_ref",
                "org_unit_source_id",
                "work_calendar_source_id",
            )
        ),
    }
    other = mapped_row(models, "resource", "resources", "R2")
    assert (other["resource_type"], other["cost_rate"], other["cost_currency"]) == ("contractor", None, None)


def test_milestones_are_mapped_exactly(models):
    served, _ = models
    amounts = {c: mapped_row(models, "milestone", "milestones", f"M1/{c}")["amount"] for c in ("C1", "C2")}
    assert amounts == {"C1": Decimal("6000.0100"), "C2": Decimal("4000.0000")}
    assert mapped_row(models, "milestone", "milestones", "M1/C2") == {
        "is_deleted": False,
        "project_source_id": served.ref("psa", "projects", "P1"),
        "contract_line_ref": served.ref("crm", "contract_lines", "L1"),
        "customer_ref": served.ref("crm", "customers", "C2"),
        "name": "M1",
        "amount": Decimal("4000.0000"),
        "currency": "EUR",
        "due_date": date(2026, 3, 20),
        "accepted_date": date(2026, 3, 16),
    }
    assert mapped_row(models, "milestone", "milestones", "M2")["accepted_date"] is None


def test_rates_are_mapped_exactly(models):
    served, _ = models
    cards = mapped_rows(models, "rate_card")
    scopes = {
        fact: (cards[served.ref("psa", "rate_cards", fact) or ""]["scope_type"]) for fact in ("RC1", "RC2", "RC3")
    }
    assert (len(cards), scopes) == (3, {"RC1": "contract_line", "RC2": "customer", "RC3": "standard"})
    assert mapped_row(models, "rate_card", "rate_cards", "RC2")["scope_ref"] == served.ref("crm", "customers", "C1")
    assert mapped_row(models, "rate_card_line", "rate_card_lines", "RC1-1") == {
        "is_deleted": False,
        "rate_card_source_id": served.ref("psa", "rate_cards", "RC1"),
        "role": "Consultant",
        "resource_ref": None,
        "hourly_rate": Decimal("180.125500"),
        "valid_from_date": date(2020, 1, 1),
        "valid_to_date": date(2026, 3, 11),
    }
    named = mapped_row(models, "rate_card_line", "rate_card_lines", "RC1-2")
    assert (named["role"], named["resource_ref"], named["valid_to_date"]) == (None, "r2@firm.example", None)


def test_in_the_org_of_the_crm_an_account_is_the_crms_record(data_dir, monkeypatch):
    served = world([], crm="salesforce")
    with SandboxServer(served) as server:
        org(server).shares_crm_org = True
        for name, value in server.credentials().items():
            monkeypatch.setenv(name, value)
        load("account", "project")
    accounts = rows(data_dir, "select id, crm_account_id_c from raw_certinia.account order by name")
    assert accounts == [(served.ref("crm", "customers", c), None) for c in ("C2", "C1")]
    used = rows(data_dir, "select pse_account_c from raw_certinia.project where pse_account_c is not null")
    assert used == [(served.ref("crm", "customers", "C1"),)]
