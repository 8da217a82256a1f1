"""Kantata OX: the stand-in speaks the vendor's protocol, and the source reads it completely, once, and survives trouble."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
import requests

from ingestion import pipelines
from ingestion.http import session as http_session
from ingestion.http.errors import PermanentError, TransientError
from ingestion.raw import CompleteFor, CompleteSet, Deleted, Window
from ingestion.sandbox.facts import Facts, Hold, TimeEntry
from ingestion.sandbox.server import Fault, SandboxServer
from ingestion.sandbox.systems.kantata import System
from ingestion.sandbox.world import World
from ingestion.sources.kantata import connect
from ingestion.sources.kantata.schema import OBJECTS

NOW = datetime(2026, 4, 30, 18, tzinfo=UTC)
APPROVED_AT = datetime(2026, 4, 2, 9, tzinfo=UTC)
ENTRIES = 450
COUNTS = "select count(*), count(distinct id) from raw_kantata.time_entries"
TOMBSTONES = "select id from raw_kantata.time_entries where _is_deleted"


def entry(number: int, **changes: Any) -> TimeEntry:
    """The n-th entry of a person who works every weekday; approved unless ``changes`` say otherwise."""
    values: dict[str, Any] = {
        "id": f"T{number}",
        "project": "P1",
        "resource": "R1",
        "work_date": date(2026, 3, 2) + timedelta(days=number % 25),
        "hours": "8",
        "applied_rate": "200",
        "submitted_at": APPROVED_AT - timedelta(days=2),
        "approved_at": APPROVED_AT,
        "approver": "R2",
    }
    return TimeEntry.model_validate(values | changes)


def firm(entries: list[TimeEntry] | None = None, **more: Any) -> Facts:
    """A small firm: two people, a live, a merged and an internal project."""
    values: dict[str, Any] = {
        "customers": [{"id": "C1", "name": "Acme"}, {"id": "C2", "name": "Beta"}],
        "contracts": [{"id": "K1", "customer": "C1", "currency": "EUR"}],
        "contract_lines": [{"id": "L1", "contract": "K1", "amount": "100000"}],
        "resources": [
            {"id": "R1", "name": "Ana", "role": "Consultant", "cost_rate": "80.50", "cost_currency": "EUR"},
            {"id": "R2", "name": "Bo", "role": "Manager", "kind": "contractor"},
        ],
        "projects": [
            {"id": "P1", "name": "Roll-out", "customer": "C1", "contract_line": "L1", "manager": "R2"},
            {"id": "P2", "name": "Old", "status": "closed", "merged_into": "P1"},
            {"id": "P3", "name": "Bench", "kind": "internal"},
        ],
        "assignments": [
            {"id": "A1", "project": "P1", "resource": "R1", "starts_on": "2026-03-02", "ends_on": "2026-03-13"}
        ],
        "milestones": [
            {
                "id": "M1",
                "contract_line": "L1",
                "amount": "10000",
                "accepted_on": "2026-03-16",
                "shares": {"C1": "60", "C2": "40"},
            }
        ],
        "rate_cards": [
            {
                "id": "RC1",
                "scope_id": "L1",
                "currency": "EUR",
                "lines": [
                    {"role": "Consultant", "rate": "200", "valid_to": "2026-03-11"},
                    {"role": "Consultant", "rate": "220", "valid_from": "2026-03-11"},
                    {"resource": "R2", "rate": "300"},
                ],
            }
        ],
        "time_entries": [entry(n) for n in range(ENTRIES)] if entries is None else entries,
    }
    return Facts.model_validate(values | more)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(http_session, "BACKOFF_CAP_SECONDS", 0.001)
    return tmp_path


@pytest.fixture
def sandbox(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """A served account, with its credentials in the environment."""
    with SandboxServer(World(firm(), NOW, {"psa": "kantata"})) as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(name, value)
        yield server


def account(server: SandboxServer) -> System:
    vendor = server.world.vendors["kantata"]
    assert isinstance(vendor, System)
    return vendor


def load(*objects: str) -> None:
    """One run of the source, of all objects or the named ones."""
    source = pipelines.source_for("kantata")
    pipelines.run("kantata", source.with_resources(*objects) if objects else source)


def rows(data_dir: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def read(name: str, since: datetime | None = None) -> tuple[list[dict[str, Any]], list[Deleted | CompleteSet]]:
    """What the source's client yields of one object, without a pipeline: its records, and what it says of deletions."""
    records: list[dict[str, Any]] = []
    deletions: list[Deleted | CompleteSet] = []
    for page in connect().fetch(OBJECTS[name], Window(since)):
        if isinstance(page, Deleted | CompleteSet):
            deletions.append(page)
        elif not isinstance(page, CompleteFor):
            records.extend(msgspec.json.decode(raw) for raw in page)
    return records, deletions


def entry_ids() -> list[str]:
    return [record["id"] for record in read("time_entries")[0]]


def get(server: SandboxServer, path: str, token: str | None = None, **params: Any) -> requests.Response:
    """One request as a client of the API makes it."""
    headers = {"Authorization": f"Bearer {token or account(server).access_token}"}
    return requests.get(f"{server.url}/kantata/api/v1/{path}", params=params, headers=headers, timeout=10)


class TestProtocol:
    """The stand-in against the vendor's documentation."""

    def test_envelope_pages_and_silent_cap(self, sandbox: SandboxServer) -> None:
        answer = get(sandbox, "time_entries.json", per_page=5000, page=3, order="created_at:asc").json()
        assert answer["meta"] == {"count": ENTRIES, "page_count": 3, "page_number": 3, "page_size": 200}
        assert answer["count"] == ENTRIES
        assert len(answer["results"]) == len(answer["time_entries"]) == 50
        assert all(r["key"] == "time_entries" and r["id"] in answer["time_entries"] for r in answer["results"])
        assert get(sandbox, "time_entries").json()["meta"]["page_size"] == 20
        assert get(sandbox, "time_entries", per_page=0).json()["meta"]["page_size"] == 20
        offset = get(sandbox, "time_entries", limit=10, offset=440, page=1).json()
        assert (len(offset["results"]), offset["meta"]["page_number"]) == (10, 45)

    def test_empty_and_past_the_end(self, sandbox: SandboxServer) -> None:
        empty = get(sandbox, "time_entries", workspace_id="1").json()
        assert empty["meta"] == {"count": 0, "page_count": 0, "page_number": 0, "page_size": 20}
        assert (empty["results"], empty["time_entries"]) == ([], {})
        past = get(sandbox, "time_entries", per_page=200, page=9).json()
        assert (past["results"], past["meta"]["page_number"]) == ([], 9)

    def test_filters_ignore_what_they_ignore(self, sandbox: SandboxServer) -> None:
        facts = firm([entry(1), entry(2, status="submitted", approved_at=None), entry(3, project="P2")])
        sandbox.world.replace_facts(facts, NOW)

        def count(**params: str) -> int:
            return int(get(sandbox, "time_entries", **params).json()["count"])

        assert count(approved="false") == 1
        assert count(from_archived_workspaces="true", uninvoiced="false") == 3
        assert count() == count(updated_aftr="2026-12-31T00:00:00Z") == count(billable="") == 2
        assert count(billable="FALSE") == 0
        assert count(updated_after="2026-04-02T09:00:00Z") == 0
        assert count(updated_after="2026-04-02T01:59:59-07:00") == 1
        assert get(sandbox, "workspaces").json()["count"] == 2
        assert (
            get(sandbox, "workspaces", include_archived="TRUE", include="nonsense", order="nonsense").json()["count"]
            == 3
        )
        assert get(sandbox, "timesheet_submissions", statuses="new").json()["count"] == 1

    def test_include_brings_ids_and_records(self, sandbox: SandboxServer) -> None:
        sandbox.world.replace_facts(firm([entry(1, task="Design"), entry(2)]), NOW)
        plain = get(sandbox, "timesheet_submissions").json()
        assert "time_entries" not in plain
        assert all(
            "time_entry_ids" not in row and row["workspace_id"] for row in plain["timesheet_submissions"].values()
        )
        full = get(sandbox, "timesheet_submissions", include="time_entries").json()
        listed = {i for row in full["timesheet_submissions"].values() for i in row["time_entry_ids"]}
        assert (
            listed
            == set(full["time_entries"])
            == {account(sandbox).external_id("time_entries", t) for t in ("T1", "T2")}
        )
        with_story = get(sandbox, "time_entries", include="story,user").json()
        assert [s["title"] for s in with_story["stories"].values()] == ["Design"]
        assert not any(name.startswith("_") for row in full["time_entries"].values() for name in row)

    def test_values(self, sandbox: SandboxServer) -> None:
        record_id = account(sandbox).external_id("time_entries", "T1")
        answer = get(sandbox, f"time_entries/{record_id}").json()
        row = answer["time_entries"][record_id]
        assert (row["id"], row["rate_in_cents"], row["currency_base_unit"]) == (record_id, 20000, 100)
        assert (row["updated_at"], row["date_performed"]) == ("2026-04-02T01:00:00-08:00", "2026-03-03")
        assert row["active_submission_id"] == row["recent_submission_id"]
        found = get(sandbox, "time_entries", only=f"{record_id},7,nonsense").json()
        assert [r["id"] for r in found["results"]] == [record_id]
        assert get(sandbox, "time_entries/7").status_code == 404

    def test_errors(self, sandbox: SandboxServer) -> None:
        refused = get(sandbox, "time_entries", token="stolen")
        assert refused.status_code == 401
        assert refused.json() == {"errors": [{"type": "oauth", "message": "Invalid OAuth 2 Request"}]}
        assert refused.headers["x-request-id"]
        assert get(sandbox, "custom_field_values").json()["errors"][0]["message"] == "subject_type is required"
        assert get(sandbox, "nothing").status_code == 404
        limited = account(sandbox).rate_limited()
        assert limited.status_code == 429
        assert "retry-after" not in limited.headers

    def test_change_feed(self, sandbox: SandboxServer) -> None:
        gone = [entry(n, deleted_at=NOW - timedelta(days=days)) for n, days in ((1, 1), (2, 10))]
        sandbox.world.replace_facts(firm([*gone, entry(3)]), NOW)
        answer = get(sandbox, "subscribed_events", event_types="time_entry:deleted", include="subject").json()
        events = list(answer["subscribed_events"].values())
        assert {e["subject_id"] for e in events} == {int(account(sandbox).external_id("time_entries", "T1"))}
        assert len(events) == 2
        assert all(e["subject_ref"] is None for e in events)

    def test_resubmission_is_a_new_submission(self, sandbox: SandboxServer) -> None:
        first = entry(1, status="rejected", approved_at=None)
        again = entry(1, status="submitted", approved_at=None, submitted_at=APPROVED_AT + timedelta(days=1))
        ids = []
        for fact in (first, again):
            sandbox.world.replace_facts(firm([fact]), NOW)
            row = next(iter(get(sandbox, "time_entries").json()["time_entries"].values()))
            ids.append((row["active_submission_id"], row["recent_submission_id"]))
        assert ids[0][0] is None
        assert ids[1][0] == ids[1][1] != ids[0][1]


class TestSource:
    """The source against the stand-in, over HTTP, into raw."""

    def test_pages_then_nothing_then_one_version(self, sandbox: SandboxServer, data_dir: Path) -> None:
        load("time_entries")
        assert rows(data_dir, COUNTS) == [(ENTRIES, ENTRIES)]
        load("time_entries")
        assert rows(data_dir, COUNTS) == [(ENTRIES, ENTRIES)]
        changed = [entry(n) for n in range(ENTRIES - 1)] + [entry(ENTRIES - 1, note="again", updated_at=NOW)]
        sandbox.world.replace_facts(firm(changed), NOW + timedelta(hours=2))
        sandbox.requests.clear()
        load("time_entries")
        assert rows(data_dir, COUNTS) == [(ENTRIES + 1, ENTRIES)]
        # The changed entries, the two lists whose changes reach into entries, the change feed, and the token.
        assert sandbox.requests["kantata"] <= 6

    def test_all_objects_twice(self, sandbox: SandboxServer, data_dir: Path) -> None:
        # The change feed tells of what happened lately.
        changed = [entry(n) for n in range(ENTRIES - 1)] + [entry(ENTRIES - 1, updated_at=NOW - timedelta(hours=1))]
        sandbox.world.replace_facts(firm(changed), NOW)
        load()
        totals = rows(data_dir, "select object, versions_appended, quarantined from raw_kantata.feed order by object")
        assert {name for name, appended, _ in totals if appended} == set(OBJECTS)
        assert not any(quarantined for *_, quarantined in totals)
        assert rows(data_dir, "select count(*) from raw_kantata.workspaces where archived") == [(1,)]
        load()
        appended = "select sum(versions_appended), sum(tombstones) from raw_kantata.feed"
        assert rows(data_dir, appended) == [(sum(n for _, n, _ in totals), 0)]

    def test_the_change_feed_is_kept_and_each_event_once(
        self, sandbox: SandboxServer, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events = (
            "select event_type, subject_type, subject_id, created_at from raw_kantata.subscribed_events order by all"
        )
        entries = account(sandbox)
        at = [NOW - timedelta(days=20), NOW - timedelta(days=2), NOW + timedelta(minutes=10)]
        first, second, third = (int(entries.external_id("time_entries", f"T{n}")) for n in range(3))
        sandbox.world.replace_facts(firm([entry(0, updated_at=at[0]), entry(1, updated_at=at[1])]), NOW)
        load("subscribed_events")
        updated = ("time_entry:updated", "TimeEntry", second, at[1])
        assert rows(data_dir, events) == [updated]
        later = firm([entry(0, updated_at=at[0]), entry(1, updated_at=at[1]), entry(2, deleted_at=at[2])])
        sandbox.world.replace_facts(later, NOW + timedelta(hours=1))
        load("subscribed_events")
        load("subscribed_events")
        # A deletion is told twice, under two ids.
        deleted = ("time_entry:deleted", "TimeEntry", third, at[2])
        assert rows(data_dir, events) == [deleted, deleted, updated]
        assert first not in {subject for _, _, subject, _ in rows(data_dir, events)}
        monkeypatch.setenv("SOURCES__KANTATA__SUBSCRIBED_EVENTS", "false")
        assert read("subscribed_events") == ([], [])

    def test_hard_delete_of_an_old_entry(self, sandbox: SandboxServer, data_dir: Path) -> None:
        sandbox.world.replace_facts(firm([entry(1), entry(2)]), NOW)
        load("time_entries")
        later = NOW + timedelta(days=1)
        sandbox.world.replace_facts(firm([entry(1), entry(2, deleted_at=later)]), later)
        load("time_entries")
        load("time_entries")
        assert rows(data_dir, TOMBSTONES) == [(account(sandbox).external_id("time_entries", "T2"),)]

    def test_deletions_older_than_the_feed_are_found_by_listing(self, sandbox: SandboxServer, data_dir: Path) -> None:
        sandbox.world.replace_facts(firm([entry(1), entry(2)]), NOW)
        load("time_entries")
        sandbox.world.replace_facts(
            firm([entry(1), entry(2, deleted_at=NOW + timedelta(days=1))]), NOW + timedelta(days=30)
        )
        load("time_entries")
        assert rows(data_dir, TOMBSTONES) == [(account(sandbox).external_id("time_entries", "T2"),)]
        assert ("kantata", "/kantata/api/v1/subscribed_events") not in sandbox.log

    def test_without_the_change_feed(self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOURCES__KANTATA__SUBSCRIBED_EVENTS", "false")
        records, deletions = read("time_entries", NOW - timedelta(hours=1))
        assert (len(records), deletions) == (ENTRIES, [CompleteSet()])

    def test_approval_that_does_not_move_the_entry(self, sandbox: SandboxServer) -> None:
        account(sandbox).tamper["time_entries"] = lambda row: row | {"updated_at": "2026-03-31T01:00:00-08:00"}
        sandbox.world.replace_facts(firm([entry(1, approved_at=NOW - timedelta(hours=1))]), NOW)
        records, deletions = read("time_entries", NOW - timedelta(hours=2))
        assert [record["approved"] for record in records] == [True]
        assert deletions == [Deleted([])]

    def test_snapshots_have_no_cursor(self, sandbox: SandboxServer) -> None:
        everything, deletions = read("billing_milestones", NOW)
        assert (len(everything), deletions) == (2, [])

    def test_ignored_filter_does_not_duplicate(self, sandbox: SandboxServer, data_dir: Path) -> None:
        load("time_entries")
        account(sandbox).ignored_params = frozenset({"updated_after", "event_types", "created_after"})
        sandbox.world.replace_facts(sandbox.world.facts, NOW + timedelta(days=1))
        load("time_entries")
        assert rows(data_dir, COUNTS) == [(ENTRIES, ENTRIES)]

    def test_list_that_moves_while_it_is_read(self, sandbox: SandboxServer) -> None:
        hidden = account(sandbox).external_id("time_entries", "T5")

        def drop_once(row: dict[str, Any]) -> dict[str, Any] | None:
            pages = sum(path.endswith("/time_entries") for _, path in sandbox.log)
            return None if row["id"] == hidden and pages < 2 else row

        account(sandbox).tamper["time_entries"] = drop_once
        assert len(set(entry_ids())) == ENTRIES


class TestTrouble:
    """Tokens, faults and drifting records."""

    def test_revoked_static_token(self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOURCES__KANTATA__ACCESS_TOKEN", account(sandbox).access_token)
        monkeypatch.delenv("SOURCES__KANTATA__CLIENT_ID")
        load("roles")
        account(sandbox).expire_tokens()
        with pytest.raises(PermanentError, match=r"kantata: .*answered 401: Invalid OAuth 2 Request .*revoked"):
            load("roles")

    def test_expired_token_is_renewed(self, sandbox: SandboxServer) -> None:
        sandbox.faults.append(Fault("kantata", "expire_token", "time_entries", skip=1))
        assert len(entry_ids()) == ENTRIES

    def test_no_credentials(self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SOURCES__KANTATA__CLIENT_SECRET")
        with pytest.raises(PermanentError, match="access_token not configured"):
            connect()

    @pytest.mark.parametrize(
        ("variable", "value", "complaint"),
        [
            ("NAMES", '{"projekt_code": "Code"}', "names has no purpose projekt_code; choose from project_code"),
            ("PROJECT_STATUSES", '{"Parked": "asleep"}', "project_statuses says asleep; choose from planned"),
        ],
    )
    def test_wrong_configuration(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, complaint: str
    ) -> None:
        monkeypatch.setenv(f"SOURCES__KANTATA__{variable}", value)
        with pytest.raises(PermanentError, match=complaint):
            connect()

    def test_names_of_the_account(self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOURCES__KANTATA__NAMES", '{"project_code": "Job Number"}')
        monkeypatch.setenv("SOURCES__KANTATA__PROJECT_STATUSES", '{"Parked": "active"}')
        purposes = {(row["kind"], row["purpose"], row["name"]) for row in read("field_purposes")[0]}
        assert {("custom_field", "project_code", "Job Number"), ("project_status", "active", "Parked")} <= purposes
        assert ("custom_field", "project_code", "Project Code") not in purposes

    @pytest.mark.parametrize(
        "fault",
        [
            Fault("kantata", "status", "time_entries", times=2, status=500),
            Fault("kantata", "throttle", "time_entries", times=4),
            Fault("kantata", "truncate", "time_entries", times=2, skip=1),
            Fault("kantata", "reset", "time_entries", skip=1),
        ],
        ids=["500 twice", "throttle storm", "truncated JSON", "connection reset"],
    )
    def test_passing_fault(self, sandbox: SandboxServer, fault: Fault) -> None:
        sandbox.faults.append(fault)
        ids = entry_ids()
        assert fault.hits >= fault.times
        assert len(ids) == len(set(ids)) == ENTRIES

    def test_lasting_fault_loads_nothing(self, sandbox: SandboxServer) -> None:
        sandbox.faults.append(Fault("kantata", "throttle", "time_entries", times=99))
        with pytest.raises(TransientError, match="answered 429: Too Many Requests, still so after 6 attempts"):
            entry_ids()

    def test_new_and_retyped_fields_and_a_record_without_key(self, sandbox: SandboxServer, data_dir: Path) -> None:
        sandbox.world.replace_facts(firm([entry(n) for n in range(4)]), NOW)
        vendor = account(sandbox)
        new, retyped, keyless = (vendor.external_id("time_entries", f"T{n}") for n in range(3))

        def drift(row: dict[str, Any]) -> dict[str, Any]:
            if row["id"] == new:
                row["mood"] = "good"
            if row["id"] == retyped:
                row["time_in_minutes"] = "eight hours"
            if row["id"] == keyless:
                row["id"] = None
            return row

        vendor.tamper["time_entries"] = drift
        load("time_entries")
        assert rows(data_dir, COUNTS) == [(2, 2)]
        extra = "select _extra from raw_kantata.time_entries where _extra is not null"
        assert rows(data_dir, extra) == [('{"mood":"good"}',)]
        reasons = rows(data_dir, "select record_key, reason from raw_kantata.quarantine order by record_key nulls last")
        assert reasons[0][0] == retyped
        assert "time_in_minutes" in reasons[0][1]
        assert reasons[1] == (None, "record has no id")

    def test_user_without_financial_access(self, sandbox: SandboxServer) -> None:
        account(sandbox).tamper["time_entries"] = lambda row: {k: v for k, v in row.items() if k != "rate_in_cents"}
        with pytest.raises(PermanentError, match="without rate_in_cents; give the integration user financial access"):
            entry_ids()


class TestFacts:
    """What Kantata has no field for is found again where the firm keeps it."""

    def test_references_and_custom_fields(self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            sandbox.world, "ref", lambda domain, kind, fact_id: fact_id and f"{domain}-{kind}-{fact_id}"
        )
        held = entry(
            1,
            billable_hours="6.5",
            hold=Hold(placed_on=date(2026, 4, 1), expires_on=date(2026, 5, 1), reason="PO missing"),
        )
        sandbox.world.replace_facts(firm([held, entry(2, hours="7.33", submitted_at=None)]), NOW)

        def references(subject_type: str) -> set[tuple[str, str, str | None]]:
            found = get(sandbox, "external_references", subject_type=subject_type, per_page=200).json()[
                "external_references"
            ]
            return {(r["service_model"], r["service_model_ref"], r["external_message"]) for r in found.values()}

        assert references("TimeEntry") == {
            ("BillableHours", "6.5", None),
            ("LoggedHours", "7.33", None),
            ("BillingHold", "2026-04-01/2026-05-01", "PO missing"),
        }
        assert references("Submission") == {("ImportedTimesheet", "T2", None)}
        assert references("RateCard") == {("ContractLine", "crm-contract_lines-L1", None)}
        assert references("Role") == {("NamedResource", "r2@firm.example", None)}
        milestones = get(sandbox, "billing_milestones", order="created_at:asc").json()["billing_milestones"]
        assert {i: m["amount_in_cents"] for i, m in milestones.items()} == {
            account(sandbox).external_id("milestones", "M1/C1"): 600000,
            account(sandbox).external_id("milestones", "M1/C2"): 400000,
        }
        values = get(sandbox, "custom_field_values", subject_type="Workspace", per_page=200).json()[
            "custom_field_values"
        ]
        shown = {(v["custom_field_name"], v["display_value"]) for v in values.values()}
        merged_into = account(sandbox).external_id("projects", "P1")
        assert {("Project Code", "P2"), ("Project Type", "Internal"), ("Merged Into Project ID", merged_into)} <= shown

    def test_agreements_are_estimates(self, sandbox: SandboxServer, data_dir: Path) -> None:
        facts = firm(
            [entry(1, submitted_billable_hours="7.5", billable_hours="6", writedown_reason="Nacharbeit", change_order="CO1")],
            contract_lines=[{"id": "L1", "contract": "K1", "amount": "100000.01"}, {"id": "L2", "contract": "K1"}],
            change_orders=[
                {"id": "CO1", "contract": "K1", "contract_line": "L1", "number": "7", "amount": "-500.50", "cap_delta": "9",
                 "currency": "EUR", "status": "pending"}
            ],
            retainers=[
                {"id": "RT1", "contract_line": "L1", "starts_on": "2026-03-01", "hours": "40.25", "amount": "900000",
                 "currency": "JPY"}
            ],
            progress_reports=[
                {"id": "PR1", "contract_line": "L1", "reported_on": "2026-03-31", "accepted_on": "2026-04-03",
                 "completed_pct": "33.3333"},
                {"id": "PR2", "contract_line": "L1", "reported_on": "2026-04-29", "completed_pct": "60"},
            ],
            projects=[{"id": "P1", "contract_line": "L1"}, {"id": "P2", "parent": "P1"}],
        )  # fmt: skip
        sandbox.world.replace_facts(facts, NOW)
        load("estimates", "stories", "custom_field_values", "external_references")
        vendor = account(sandbox)

        def values(subject_type: str, kind: str, fact_id: str) -> dict[str, tuple[Any, ...]]:
            found = rows(
                data_dir,
                "select custom_field_name, type, value, display_value from raw_kantata.custom_field_values "
                f"where subject_type = '{subject_type}' and subject_id = {vendor.external_id(kind, fact_id)}",
            )
            return {name: (kind, value, shown) for name, kind, value, shown in found}

        names = rows(data_dir, "select name, currency from raw_kantata.estimates order by name")
        assert names == [("Change order 7", "EUR"), ("L1", "EUR"), ("L2", "EUR"), ("Retainer RT1", "JPY")]
        line = values("Estimate", "contract_lines", "L1")
        assert line["Agreed Amount"] == ("currency", '[10000001,"EUR"]', "€100,000.01")
        assert line["Agreement Type"][2] == "Contract Line"
        assert "Agreed Amount" not in values("Estimate", "contract_lines", "L2"), "no value is not a value of zero"
        order = values("Estimate", "change_orders", "CO1")
        assert [order[name][1] for name in ("Agreed Amount", "Cap Change")] == ['[-50050,"EUR"]', '[900,"EUR"]']
        assert (order["Agreement Type"][2], order["Approval Status"][2]) == ("Change Order", "Pending")
        retainer = values("Estimate", "retainers", "RT1")
        assert retainer["Agreed Amount"][1] == '[900000,"JPY"]', "a yen has no subunits"
        assert [retainer[name][1] for name in ("Prepaid Hours", "Valid From")] == ['"40.25"', '"2026-03-01"']
        assert (retainer["Valid From"][2], retainer["Refundable"][2]) == ("03/01/2026", "No")
        assert "Valid Until" not in retainer
        progress = values("Story", "progress_reports", "PR1")
        assert {name: value for name, (_, value, _) in progress.items()} == {
            "Progress Reported On": '"2026-03-31"',
            "Client Accepted On": '"2026-04-03"',
            "Exact Percent Complete": '"33.3333"',
        }
        assert set(values("Story", "progress_reports", "PR2")) == {"Progress Reported On"}
        percent = "select percentage_complete from raw_kantata.stories where story_type = 'deliverable' order by 1"
        assert rows(data_dir, percent) == [(33,), (60,)]
        assert values("Workspace", "projects", "P2")["Parent Project ID"][2] == vendor.external_id("projects", "P1")
        noted = "select service_model_ref, external_message from raw_kantata.external_references where service_model = "
        assert rows(data_dir, f"{noted}'WriteDown'") == [("7.5", "Nacharbeit")]

    def test_deleted_agreements_and_progress(self, sandbox: SandboxServer, data_dir: Path) -> None:
        kept = {"contract_line": "L1", "currency": "EUR", "amount": "1", "hours": "1", "starts_on": "2026-03-01"}
        report = {"contract_line": "L1", "reported_on": "2026-03-31", "completed_pct": "60"}

        def facts(**changes: Any) -> Facts:
            return firm(
                [],
                retainers=[{"id": "RT1"} | kept, {"id": "RT2"} | kept | changes],
                progress_reports=[{"id": "PR1"} | report, {"id": "PR2"} | report | changes],
            )

        sandbox.world.replace_facts(facts(), NOW)
        load("estimates", "stories")
        later = NOW + timedelta(days=1)
        sandbox.world.replace_facts(facts(deleted_at=later), later)
        load("estimates", "stories")
        gone = "select id from raw_kantata.{} where _is_deleted"
        assert rows(data_dir, gone.format("estimates")) == [(account(sandbox).external_id("retainers", "RT2"),)]
        assert rows(data_dir, gone.format("stories")) == [(account(sandbox).external_id("progress_reports", "PR2"),)]

    def test_estimates_over_several_pages(self, sandbox: SandboxServer) -> None:
        lines = [{"id": f"L{n}", "contract": "K1", "name": f"№{n}"} for n in range(450)]
        sandbox.world.replace_facts(firm([], contract_lines=lines), NOW)
        records, _ = read("estimates")
        assert {record["name"] for record in records} == {f"№{n}" for n in range(450)}
        assert sum(path.endswith("/estimates") for _, path in sandbox.log) == 3
        past = get(sandbox, "estimates", per_page=200, page=3, order="name:desc").json()
        assert [past["estimates"][r["id"]]["name"] for r in past["results"]][-1] == "№0"

    def test_rate_card_versions(self, sandbox: SandboxServer) -> None:
        versions = get(sandbox, "rate_card_set_versions", order="effective_date:asc").json()
        dates = [versions["rate_card_set_versions"][r["id"]]["effective_date"] for r in versions["results"]]
        assert dates == ["2020-01-01", "2026-03-11"]
        roles = get(sandbox, "rate_card_roles", include="role").json()
        names = {i: role["name"] for i, role in roles["roles"].items()}
        rates = sorted((names[r["role_id"]], r["rate"]) for r in roles["rate_card_roles"].values())
        assert rates == [("Consultant", 20000), ("Consultant", 22000), ("Named (R2)", 30000), ("Named (R2)", 30000)]
        lines = {account(sandbox).external_id("rate_card_lines", f"RC1-{n}") for n in (1, 2, 3)}
        assert lines < {f"role-{record_id}" for record_id in roles["rate_card_roles"]}

    def test_submissions_hold_one_person_project_and_week(self, sandbox: SandboxServer) -> None:
        submissions = get(sandbox, "timesheet_submissions", include="time_entries", per_page=200).json()
        entries = submissions["time_entries"]
        for row in submissions["timesheet_submissions"].values():
            members = [entries[i] for i in row["time_entry_ids"]]
            assert {(m["user_id"], m["workspace_id"]) for m in members} == {(row["user_id"], row["workspace_id"])}
            assert all(row["start_date"] <= m["date_performed"] <= row["end_date"] for m in members)
            assert row["status"] == "approved"
