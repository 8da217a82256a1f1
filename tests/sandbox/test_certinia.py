"""Certinia PSA: the stand-in keeps time as the package does, and the source reads it completely, once, and survives trouble."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from ingestion.http import session as http_session
from ingestion.http.errors import PermanentError, TransientError
from ingestion.raw import Window
from ingestion.sandbox.facts import EPOCH, TimeEntry
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems import salesforce
from ingestion.sandbox.systems.certinia import CLIENT_ID, CLIENT_SECRET
from ingestion.sandbox.systems.certinia.catalog import CATALOG as ORG
from ingestion.sources.certinia import connect
from ingestion.sources.certinia.schema import CATALOG, OBJECTS
from ingestion.sources.salesforce import settings
from tests.certinia_firm import ENTERED_AT, LATER, NOW, TIMECARDS, entry, firm, load, many, org, rows, week, world


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
            {"change_order": "CO1"},
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
            "picklist_meaning": 17,
            "organization": 1,
            "user": 2,
            "account": 2,
            "contact": 2,
            "practice": 1,
            "project": 5,
            "schedule": 2,
            "assignment": 2,
            "milestone": 3,
            "budget": 3,
            "retainer": 1,
            "progress_report": 1,
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

    def test_agreements_arrive_exactly(self, sandbox: SandboxServer, data_dir: Path) -> None:
        """A budget is never negative and always has an amount: what it cannot say is beside it."""
        load("budget", "retainer", "progress_report")
        budgets = rows(
            data_dir,
            "select name, pse_type_c, pse_status_c, pse_amount_c, agreed_amount_c, cap_change_c, currency_iso_code, "
            "pse_effective_date_c, created_date from raw_certinia.budget order by name",
        )
        order, change = "Customer Purchase Order", "Customer Purchase Order Change Request"
        epoch, march, entered = EPOCH, date(2026, 3, 1), datetime(2026, 2, 20, tzinfo=UTC)
        assert budgets == [
            ("Change request CO2", change, "Open", 700, None, 0, "EUR", None, epoch),
            ("Change request CR-1", change, "Approved", 0, Decimal("-500.50"), 100, "EUR", march, entered),
            ("L1", order, "Approved", 100000, None, None, "EUR", None, epoch),
        ]
        retainer = "valid_from_c, valid_until_c, prepaid_hours_c, amount_c, refundable_c, currency_iso_code"
        assert rows(data_dir, f"select {retainer} from raw_certinia.retainer") == [
            (march, date(2026, 5, 31), Decimal("40.25"), Decimal("9000.10"), True, "EUR")
        ]
        progress = "project_c, reported_on_c, accepted_on_c, completed_percent_c"
        assert rows(data_dir, f"select {progress} from raw_certinia.progress_report") == [
            (org(sandbox).external_id("projects", "P1"), date(2026, 3, 31), date(2026, 4, 3), Decimal("33.3333"))
        ]

    def test_deleted_agreements_leave_a_flag_and_those_gone_for_good_a_tombstone(
        self, sandbox: SandboxServer, data_dir: Path
    ) -> None:
        load("budget", "retainer")
        facts = firm()
        facts.change_orders[0] = facts.change_orders[0].model_copy(update={"deleted_at": LATER})
        facts.retainers.clear()
        sandbox.world.replace_facts(facts, LATER)
        load("budget", "retainer")
        flagged = rows(data_dir, "select id from raw_certinia.budget where is_deleted and not _is_deleted")
        assert flagged == [(org(sandbox).external_id("change_orders", "CO1"),)]
        gone = rows(data_dir, "select id from raw_certinia.retainer where _is_deleted")
        assert gone == [(org(sandbox).external_id("retainers", "RT1"),)]

    def test_an_org_without_the_firm_s_own_objects_leaves_them_out(
        self, sandbox: SandboxServer, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(
            "SOURCES__CERTINIA__OBJECT_NAMES", '{"Retainer__c": "", "Progress_Report__c": "Fee_Progress__c"}'
        )
        org(sandbox).object_names["Progress_Report__c"] = "Fee_Progress__c"
        load("retainer", "progress_report")
        counts = [rows(data_dir, f"select count(*) from raw_certinia.{n}") for n in ("retainer", "progress_report")]
        assert counts == [[(0,)], [(1,)]]

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
