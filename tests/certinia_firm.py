"""A small firm that keeps its projects in Certinia PSA, and what tests need to read it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from ingestion import pipelines
from ingestion.sandbox.facts import Facts, TimeEntry
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.systems.certinia import System
from ingestion.sandbox.world import World

NOW = datetime(2026, 4, 30, 18, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
SUBMITTED_AT = datetime(2026, 4, 3, 15, tzinfo=UTC)
APPROVED_AT = datetime(2026, 4, 6, 9, tzinfo=UTC)
ENTERED_AT = datetime(2026, 3, 30, 12, tzinfo=UTC)
TIMECARDS = 450


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
                "email_aliases": ["Asa.O@Old.example", "asa@bought.example"],
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
                "service_line": "Daten & 分析",
                "created_at": "2026-01-05",
                "starts_on": "2026-01-05",
                "ends_on": "2026-12-31",
            },
            {"id": "P2", "name": "Old", "status": "closed", "merged_into": "P1"},
            {"id": "P3", "name": "Bench", "kind": "internal", "status": "planned"},
            {"id": "P4", "name": "Phase 2", "customer": "C1", "contract_line": "L1", "parent": "P1"},
        ],
        "change_orders": [
            {
                "id": "CO1",
                "contract": "K1",
                "contract_line": "L1",
                "number": "CR-1",
                "amount": "-500.50",
                "cap_delta": "100",
                "currency": "EUR",
                "effective_from": "2026-03-01",
                "created_at": "2026-02-20",
            },
            {"id": "CO2", "contract": "K1", "amount": "700", "status": "pending", "currency": "EUR"},
        ],
        "retainers": [
            {
                "id": "RT1",
                "contract_line": "L1",
                "starts_on": "2026-03-01",
                "expires_on": "2026-05-31",
                "hours": "40.25",
                "amount": "9000.10",
                "currency": "EUR",
                "is_refundable": True,
            }
        ],
        "progress_reports": [
            {
                "id": "PR1",
                "contract_line": "L1",
                "reported_on": "2026-03-31",
                "accepted_on": "2026-04-03",
                "completed_pct": "33.3333",
            }
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
                "deemed_on": "2026-04-15",
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
