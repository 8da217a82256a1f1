"""Certinia PSA through staging and mapping: every fact comes out as it was, whichever formula or flag has moved since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.world import World
from tests.certinia_firm import LATER, NOW, entry, firm, load, org, rows, week, world
from tests.dbt import part_of_project

EXACT = [
    *week(MON={"hold": {"reason": "PO missing", "placed_on": "2026-04-10", "expires_on": "2026-05-10"}}),
    entry("THIRD", work_date="2026-03-10", hours="7.3333", created_at=None),
    entry("FEWER", work_date="2026-03-11", hours="8", billable_hours="6.5", created_at=None, is_marked_billed=True,
          submitted_billable_hours="7.3333", writedown_reason="Rework"),
    entry("TWICE", work_date="2026-03-11", hours="1", created_at=None, role="Manager", applied_rate=None,
          change_order="CO1"),
    entry("DRAFT", work_date="2026-03-12", created_at=None, status="draft", submitted_at=None, approved_at=None),
    entry("UNDATED", work_date="2026-03-13", created_at=None, submitted_at=None),
    entry("REJECTED", work_date="2026-03-14", created_at=None, status="rejected", approved_at=None, approver="Cleo"),
    entry("BENCH", project="P3", work_date="2026-03-15", created_at=None, is_billable=False),
    entry("DELETED", work_date="2026-03-16", created_at=None, deleted_at=NOW),
]  # fmt: skip


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
        load("project", "schedule", "assignment", "timecard", "timecard_split")
        yield served, home


@pytest.fixture(scope="module")
def models(mapped: tuple[World, Path]) -> tuple[World, Path]:
    served, home = mapped
    own = ["path:models/staging", "path:models/mapping"]
    part_of_project.build(home, ["psa=certinia"], "--select", *own, "--exclude", "resource_type:test", tested=True)
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
            "applied_currency": None if fact.applied_rate is None else ("USD" if fact.project == "P3" else "EUR"),
            "is_marked_billed": fact.is_marked_billed,
            "hold_reason": hold.reason if hold else None,
            "hold_from_date": hold.placed_on if hold else None,
            "hold_until_date": hold.expires_on if hold else None,
            "submitted_billable_hours": fact.submitted_billable_hours,
            "writedown_reason": fact.writedown_reason,
            "change_order_ref": served.ref("crm", "change_orders", fact.change_order),
        }, fact.id


def test_a_flag_of_the_project_is_told_of_it_alone(models):
    served, home = models
    card = (served.ref("psa", "time_entries", "BENCH") or "").split("-")[0]
    assert rows(home, f"select count(*) from raw_certinia.timecard where id = '{card}'") == [(1,)]
    projects = {n: mapped_row(models, "project", "projects", n)["is_excluded_from_billing"] for n in ("P1", "P3")}
    assert projects == {"P1": False, "P3": True}


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
    assert len(found) == 4, "a template is no project"
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
        "parent_source_id": None,
        "service_line": "Daten & 分析",
        "is_excluded_from_billing": False,
    }
    merged = found[served.ref("psa", "projects", "P2") or ""]
    assert (merged["status"], merged["merged_into_source_id"]) == ("closed", served.ref("psa", "projects", "P1"))
    bench = found[served.ref("psa", "projects", "P3") or ""]
    assert (bench["project_type"], bench["status"], bench["customer_ref"]) == ("internal", "planned", None)
    assert bench["service_line"] is None


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
        "email_aliases": "asa.o@old.example;asa@bought.example",
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
        "deemed_date": date(2026, 4, 15),
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


def test_in_the_org_of_the_crm_an_account_is_the_crms_record(tmp_path, monkeypatch):
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    served = world([], crm="salesforce")
    with SandboxServer(served) as server:
        org(server).shares_crm_org = True
        for name, value in server.credentials().items():
            monkeypatch.setenv(name, value)
        load("account", "project")
    accounts = rows(tmp_path, "select id, crm_account_id_c from raw_certinia.account order by name")
    assert accounts == [(served.ref("crm", "customers", c), None) for c in ("C2", "C1")]
    used = rows(tmp_path, "select distinct pse_account_c from raw_certinia.project where pse_account_c is not null")
    assert used == [(served.ref("crm", "customers", "C1"),)]
