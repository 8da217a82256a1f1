"""Agreements, progress and write-downs through each PSA: the same facts give the same canonical rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import pipelines
from ingestion.sandbox.facts import EPOCH, Facts
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.world import World
from tests.dbt import part_of_project

ENTITIES = (
    "contract_value",
    "change_order_record",
    "retainer",
    "progress_report",
    "rate_card",
    "project",
    "time_entry",
)
NOW = datetime(2026, 4, 30, 18, tzinfo=UTC)
CREATED = datetime(2026, 1, 5, 10, tzinfo=UTC)
LATER = datetime(2026, 5, 4, 18, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "customers": [{"id": "C1", "name": "Müller & 株式会社", "currency": "EUR"}],
    "contracts": [
        {"id": "K1", "customer": "C1", "currency": "EUR"},
        {"id": "K2", "customer": "C1", "currency": "JPY"},
    ],
    "contract_lines": [
        {"id": "L1", "contract": "K1", "amount": "90000.50", "created_at": CREATED},
        {"id": "OPEN", "contract": "K1", "name": "By the hour – 無制限"},
        {"id": "YEN", "contract": "K2", "amount": "9000000", "known_as": {"psa": {"amount": "8000000"}}},
        {"id": "FREE", "contract": "K1", "amount": "0"},
        {"id": "NEVER-SET-UP", "contract": "K1", "amount": "1", "unknown_to": ["psa"]},
    ],
    "change_orders": [
        {"id": "L1", "contract": "K1", "contract_line": "L1", "amount": "-500.50", "cap_delta": "100", "currency": "EUR",
         "created_at": CREATED},
        {"id": "CAP", "contract": "K1", "cap_delta": "250.25", "currency": "EUR"},
        {"id": "OURS", "contract": "K2", "contract_line": "YEN", "amount": "7", "currency": "JPY", "unknown_to": ["crm"]},
        {"id": "LESS", "contract": "K1", "contract_line": "L1", "amount": "700", "currency": "EUR",
         "known_as": {"psa": {"amount": "650"}}},
        {"id": "PENDING", "contract": "K1", "contract_line": "L1", "amount": "1", "status": "pending"},
        {"id": "DRAFT", "contract": "K1", "contract_line": "L1", "amount": "1", "status": "draft"},
        {"id": "REJECTED", "contract": "K1", "contract_line": "L1", "amount": "1", "status": "rejected"},
        {"id": "NEVER-SET-UP", "contract": "K1", "contract_line": "L1", "amount": "1", "unknown_to": ["psa"]},
    ],
    "retainers": [
        {"id": "RT1", "contract_line": "L1", "starts_on": "2026-03-01", "expires_on": "2026-05-31", "hours": "40.25",
         "amount": "9000.10", "currency": "EUR", "is_refundable": True},
        {"id": "RT2", "contract_line": "YEN", "starts_on": "2026-04-01", "hours": "10", "amount": "200000",
         "currency": "JPY"},
    ],
    "progress_reports": [
        {"id": "PR1", "contract_line": "L1", "reported_on": "2026-03-31", "accepted_on": "2026-04-03",
         "completed_pct": "33.3333"},
        {"id": "PR2", "contract_line": "L1", "project": "P2", "reported_on": "2026-04-29", "completed_pct": "60"},
    ],
    "resources": [{"id": "R1", "name": "Åsa 山田"}],
    "projects": [
        {"id": "P1", "name": "Roll-out", "customer": "C1", "contract_line": "L1", "service_line": "Daten & 分析"},
        {"id": "P2", "name": "Phase 2", "customer": "C1", "contract_line": "L1", "parent": "P1"},
        {"id": "P3", "name": "Twin", "customer": "C1", "service_line": "Advisory", "merged_into": "P1"},
    ],
    "rate_cards": [
        {"id": "RC1", "scope_id": "L1", "currency": "EUR", "created_at": CREATED, "lines": [{"rate": "180"}]},
        {"id": "RC2", "scope": "customer", "scope_id": "C1", "currency": "EUR", "lines": [{"rate": "100"}]},
    ],
    "time_entries": [
        {"id": "CUT", "project": "P1", "resource": "R1", "work_date": "2026-04-01", "hours": "8", "billable_hours": "6",
         "submitted_billable_hours": "7.3333", "writedown_reason": "Nacharbeit – 手直し", "change_order": "LESS"},
        {"id": "WHY", "project": "P1", "resource": "R1", "work_date": "2026-04-02", "hours": "8",
         "writedown_reason": "Training"},
        {"id": "OURS", "project": "P2", "resource": "R1", "work_date": "2026-04-03", "hours": "8", "change_order": "OURS"},
    ],
}  # fmt: skip


# What deletions reach; a later run need not read the rest again.
CHANGING = {
    "kantata": ("estimates", "stories", "custom_field_values", "external_references"),
    "certinia": ("budget", "retainer", "progress_report"),
}
DOOMED = {
    "retainers": {"id": "GONE", "contract_line": "L1", "starts_on": "2026-03-01", "hours": "1", "amount": "1"},
    "progress_reports": {"id": "GONE", "contract_line": "L1", "reported_on": "2026-03-01", "completed_pct": "1"},
    "change_orders": {"id": "GONE", "contract": "K1", "contract_line": "L1", "amount": "1", "currency": "EUR"},
}


@dataclass
class Built:
    """One PSA in a warehouse that was taken up to canonical."""

    system: str
    world: World
    warehouse: Path

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute("set timezone = 'UTC'").execute(sql).fetchall()

    def mapped(self, entity: str, columns: str, where: str = "not is_deleted") -> dict[str, tuple[Any, ...]]:
        """``columns`` of the mapped records of an entity by their id."""
        return self._by_id(f"select source_id, {columns} from mapping.map_{self.system}__{entity} where {where}")

    def canonical(self, entity: str, columns: str) -> dict[str, tuple[Any, ...]]:
        """``columns`` of the canonical rows of an entity that are not deleted, by their id in the PSA."""
        where = f"source_system = '{self.system}' and not is_deleted"
        return self._by_id(f"select source_id, {columns} from canonical.{entity} where {where}")

    def _by_id(self, sql: str) -> dict[str, tuple[Any, ...]]:
        found = self.query(sql)
        assert len({row[0] for row in found}) == len(found)
        return {row[0]: row[1:] for row in found}

    def id(self, kind: str, fact_id: str) -> str:
        return self.world.vendors[self.system].external_id(kind, fact_id)

    def crm(self, kind: str, fact_id: str) -> str | None:
        return self.world.ref("crm", kind, fact_id)


def facts(**of_the_doomed: Any) -> Facts:
    doomed = {kind: [*FACTS[kind], record | of_the_doomed] for kind, record in DOOMED.items()}
    return Facts.model_validate(FACTS | doomed)


def loaded(system: str) -> World:
    """The PSA's world after three runs: all of it, days later without a change, and after deletions."""
    served = World(facts(), NOW, {"crm": "salesforce", "psa": system})
    with SandboxServer(served) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.credentials().items():
            patch.setenv(name, value)
        pipelines.run(system, pipelines.source_for(system))
        for moment, changes in ((LATER - timedelta(days=2), {}), (LATER, {"deleted_at": LATER})):
            served.replace_facts(facts(**changes), moment)
            pipelines.run(system, pipelines.source_for(system).with_resources(*CHANGING[system]))
    return served


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """Both PSAs in one warehouse, which dbt took up to canonical."""
    home = tmp_path_factory.mktemp("agreements")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAKAGE_DATA_DIR", str(home))
        patch.setenv("LEAKAGE_AS_OF", f"{LATER:%Y-%m-%d}")
        worlds = {system: loaded(system) for system in CHANGING}
        # A firm runs one PSA; dbt alone takes two.
        served = [f"psa={system}" for system in CHANGING]
        part_of_project.build(home, served, "--select", *(f"+{entity}" for entity in ENTITIES))
    return {system: Built(system, world, home / "warehouse.duckdb") for system, world in worlds.items()}


@pytest.fixture(params=list(CHANGING))
def built(request: pytest.FixtureRequest, both: dict[str, Built]) -> Built:
    return both[request.param]


def money(text: str) -> Decimal:
    return Decimal(text)


def utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def test_contract_lines_are_valued_as_the_psa_holds_them(built):
    expected = {
        built.id("contract_lines", fact): (built.crm("contract_lines", fact), amount, currency, utc(created))
        for fact, amount, currency, created in (
            ("L1", money("90000.50"), "EUR", CREATED),
            ("OPEN", None, "EUR", EPOCH),
            ("YEN", money("8000000"), "JPY", EPOCH),
            ("FREE", money("0"), "EUR", EPOCH),
        )
    }
    assert built.mapped("contract_value", "contract_line_ref, amount, currency, created_at") == expected
    canonical = built.canonical("contract_value", "source_domain, amount, currency, created_at")
    assert canonical == {key: ("psa", *values[1:]) for key, values in expected.items()}


def test_approved_change_orders_are_on_record(built):
    expected = {
        built.id("change_orders", fact): (built.crm("change_orders", fact), line, *amounts, currency, utc(created))
        for fact, line, amounts, currency, created in (
            ("L1", built.crm("contract_lines", "L1"), (money("-500.50"), money("100")), "EUR", CREATED),
            ("CAP", None, (money("0"), money("250.25")), "EUR", EPOCH),
            ("OURS", built.crm("contract_lines", "YEN"), (money("7"), money("0")), "JPY", EPOCH),
            ("LESS", built.crm("contract_lines", "L1"), (money("650"), money("0")), "EUR", EPOCH),
        )
    }
    columns = "delta_amount, cap_delta_amount, currency, created_at"
    assert built.mapped("change_order_record", f"change_order_ref, contract_line_ref, {columns}") == expected
    assert expected[built.id("change_orders", "OURS")][0] is None, "the CRM has never heard of it"
    canonical = built.canonical("change_order_record", f"source_domain, {columns}")
    assert canonical == {key: ("psa", *values[2:]) for key, values in expected.items()}


def test_retainers_come_out_as_they_were(built):
    expected = {
        built.id("retainers", "RT1"): (
            date(2026, 3, 1), date(2026, 5, 31), Decimal("40.25"), money("9000.10"), "EUR", True,
        ),
        built.id("retainers", "RT2"): (date(2026, 4, 1), None, Decimal("10"), money("200000"), "JPY", False),
    }  # fmt: skip
    columns = "start_date, expiry_date, hours, amount, currency, is_refundable"
    assert built.mapped("retainer", columns) == expected
    assert built.canonical("retainer", columns) == expected
    lines = built.mapped("retainer", "contract_line_ref").values()
    assert sorted(lines) == sorted((built.crm("contract_lines", line),) for line in ("L1", "YEN"))


def test_progress_comes_out_as_it_was_reported(built):
    line = built.crm("contract_lines", "L1")
    expected = {
        built.id("progress_reports", "PR1"): (date(2026, 3, 31), date(2026, 4, 3), Decimal("33.3333")),
        built.id("progress_reports", "PR2"): (date(2026, 4, 29), None, Decimal("60")),
    }
    columns = "reported_date, accepted_date, completed_pct"
    assert built.canonical("progress_report", columns) == expected
    assert built.mapped("progress_report", f"{columns}, project_source_id, contract_line_ref") == {
        built.id("progress_reports", report): (
            *expected[built.id("progress_reports", report)], built.id("projects", project), line,
        )
        for report, project in (("PR1", "P1"), ("PR2", "P2"))
    }  # fmt: skip
    assert len(set(built.canonical("progress_report", "project_id").values())) == 2


def test_what_was_deleted_stays_known_as_what_it_was(built):
    line = built.crm("contract_lines", "L1")
    for entity, kind in (("retainer", "retainers"), ("progress_report", "progress_reports")):
        deleted = built.mapped(entity, "contract_line_ref", "is_deleted")
        assert deleted == {built.id(kind, "GONE"): (line,)}, entity
    columns = "change_order_ref, contract_line_ref, delta_amount, currency"
    assert built.mapped("change_order_record", columns, "is_deleted") == {
        built.id("change_orders", "GONE"): (built.crm("change_orders", "GONE"), line, money("1"), "EUR")
    }


def test_phases_know_their_parent_and_cards_their_creation(built):
    parents = built.mapped("project", "parent_source_id")
    first, phase, twin = (built.id("projects", project) for project in ("P1", "P2", "P3"))
    assert parents == {first: (None,), phase: (first,), twin: (None,)}
    created = built.canonical("rate_card", "created_at")
    assert created == {
        built.id("rate_cards", "RC1"): (utc(CREATED),),
        built.id("rate_cards", "RC2"): (utc(EPOCH),),
    }


def test_service_lines_arrive_and_a_merged_project_has_the_survivor_s(built):
    first, phase, twin = (built.id("projects", project) for project in ("P1", "P2", "P3"))
    stated = {first: ("Daten & 分析",), phase: (None,), twin: ("Advisory",)}
    assert built.mapped("project", "service_line") == stated
    assert built.canonical("project", "service_line") == stated | {twin: stated[first]}


def test_write_downs_and_change_orders_of_time_come_out_as_they_were(built):
    columns = "billable_hours, submitted_billable_hours, writedown_reason"
    expected = {
        built.id("time_entries", "CUT"): (Decimal("6"), Decimal("7.3333"), "Nacharbeit – 手直し"),
        built.id("time_entries", "WHY"): (Decimal("8"), None, "Training"),
        built.id("time_entries", "OURS"): (Decimal("8"), None, None),
    }
    assert built.canonical("time_entry", columns) == expected
    assert built.mapped("time_entry", "change_order_ref") == {
        built.id("time_entries", "CUT"): (built.crm("change_orders", "LESS"),),
        built.id("time_entries", "WHY"): (None,),
        built.id("time_entries", "OURS"): (None,),
    }


def test_nothing_looks_changed_when_time_moves(built):
    first, waiting, after_deletions = built.query(
        f"select sum(versions_appended), sum(tombstones), sum(quarantined) from raw_{built.system}.feed "
        "group by _dlt_load_id order by _dlt_load_id"
    )
    assert first[0] > 0 and waiting[:2] == (0, 0), "the second run, days later, brought nothing"
    assert [first[2], waiting[2], after_deletions[2]] == [0, 0, 0]
