"""People and companies in every mix of systems: one row each, from the system of record, and every reference resolves.

Only the canonical models are built, on mapped rows written here: which system sent them plays no part.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

PROJECT = Path(__file__).parents[2] / "dbt_project"
ERP, HR, PSA = "erp=netsuite", "hr=workday", "psa=kantata"
Row = dict[str, Any]
TYPES = {"string": "varchar", "int": "integer", "timestamp": "timestamp", "boolean": "boolean", "date": "date"}
NAMED = {
    "money": "decimal(18,4)",
    "rate": "decimal(18,6)",
    "fx": "decimal(18,8)",
    "hours": "decimal(9,4)",
    "pct": "decimal(9,4)",
}

ERP_COMPANIES = [
    {"source_id": "1", "name": "Firm Inc.", "currency": "USD", "country": "US"},
    {"source_id": "2", "name": "Firm GmbH", "currency": "EUR", "country": "DE", "parent_source_id": "1"},
]
HR_COMPANIES = [{"source_id": "1", "name": "Firm US"}, {"source_id": "NEW", "name": "Firm Ltd"}]
HR_PEOPLE = [
    {"source_id": "w1", "email": "Ann@Firm.example", "name": "Ann", "role": "Head of Things", "resource_type": "employee",
     "legal_entity_ref": "1", "org_unit_source_id": "o1", "work_calendar_source_id": "c1", "hire_date": date(2024, 1, 1)},
    {"source_id": "w2", "email": "bob@firm.example", "name": "Bob", "role": "Consultant", "resource_type": "contractor",
     "legal_entity_ref": "NEW", "manager_ref": "ann@firm.example", "termination_date": date(2026, 1, 31),
     "cost_rate": Decimal(70), "cost_currency": "GBP"},
    {"source_id": "w3", "email": "bob@firm.example", "name": "Bob", "role": "Consultant", "resource_type": "employee",
     "legal_entity_ref": "NEW", "manager_ref": "ann@firm.example", "hire_date": date(2026, 2, 1)},
    {"source_id": "w4", "name": "Nobody's mail", "legal_entity_ref": "2"},
]  # fmt: skip
PSA_PEOPLE = [
    {"source_id": "u1", "email": "ann@firm.example", "name": "A.", "role": "Manager", "resource_type": "employee",
     "legal_entity_ref": "1", "cost_rate": Decimal(90), "cost_currency": "USD"},
    {"source_id": "u9", "email": "cid@firm.example", "name": "Cid", "role": "Tester", "legal_entity_ref": "2"},
]  # fmt: skip
UNITS = [
    {"source_id": "o1", "name": "All", "org_type": "supervisory", "manager_ref": "ann@firm.example"},
    {"source_id": "o2", "name": "Some", "org_type": "supervisory", "parent_source_id": "o1"},
]
LEAVES = [
    {
        "source_id": "l1",
        "resource_source_id": "w3",
        "leave_date": date(2026, 3, 2),
        "hours": Decimal(8),
        "status": "approved",
    },
    {
        "source_id": "l2",
        "resource_source_id": "w2",
        "leave_date": date(2026, 1, 2),
        "hours": None,
        "status": "cancelled",
    },
]
CALENDARS = [{"source_id": "c1", "name": "Week", "country": "US", "hours_per_day": Decimal(8)}]
HOLIDAYS = [
    {"source_id": "h1", "work_calendar_source_id": "c1", "holiday_date": date(2026, 12, 25), "name": "Christmas"}
]
MAPPED: dict[str, dict[str, list[Row]]] = {
    ERP: {"legal_entity": ERP_COMPANIES},
    PSA: {"resource": PSA_PEOPLE},
    HR: {"legal_entity": HR_COMPANIES, "resource": HR_PEOPLE, "org_unit": UNITS, "leave": LEAVES,
         "work_calendar": CALENDARS, "holiday": HOLIDAYS},
}  # fmt: skip
MODELS = ("legal_entity", "resource", "resource_xref", "org_unit", "leave", "work_calendar", "holiday")


def columns(entity: str) -> dict[str, str]:
    """The columns of an entity's contract with their types."""
    text = (PROJECT / "macros" / "entities.sql").read_text()
    body = re.search(rf"'{entity}': \{{(.*?)\}}", text, flags=re.S)
    assert body
    found = {"source_id": "varchar", "source_updated_at": "timestamp", "is_deleted": "boolean"}
    for name, quoted, variable in re.findall(r"'(\w+)': (?:'([^']+)'|(\w+))", body.group(1)):
        found[name] = TYPES[quoted] if quoted else NAMED[variable]
    return found


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[str], list[tuple[Any, ...]]]]:
    """Builds the canonical people of a mix, and gives what runs a query on them."""

    def built(*mix: str) -> Callable[[str], list[tuple[Any, ...]]]:
        warehouse = tmp_path / "warehouse.duckdb"
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("create schema mapping")
            for served in mix:
                for entity, rows in MAPPED[served].items():
                    declared = columns(entity)
                    shape = ", ".join(f"{name} {kind}" for name, kind in declared.items())
                    table = f"mapping.map_{served.partition('=')[2]}__{entity}"
                    connection.execute(f"create table {table} ({shape})")
                    assert all(row.keys() <= declared.keys() for row in rows)
                    values = [[{"is_deleted": False, **row}.get(name) for name in declared] for row in rows]
                    connection.executemany(f"insert into {table} values ({', '.join('?' * len(declared))})", values)
        monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
        monkeypatch.setenv("LEAKAGE_SYSTEMS", ",".join(mix))
        # In a process of its own, because dbt keeps the warehouse open until its process ends.
        dbt = Path(sys.executable).with_name("dbt")
        command = [str(dbt), "--quiet", "run", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        folders = ["--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs")]
        done = subprocess.run([*command, *folders, "--select", *MODELS], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-5000:]

        def query(sql: str) -> list[tuple[Any, ...]]:
            with duckdb.connect(str(warehouse), read_only=True) as connection:
                return connection.execute(sql).fetchall()

        return query

    return built


COMPANIES = "select legal_entity_id, name, currency, parent_legal_entity_id from canonical.legal_entity order by 1"
EMPLOYERS = "select resource_id, legal_entity_id from canonical.resource order by 1"


def test_all_three_systems(build: Callable[..., Callable[[str], list[tuple[Any, ...]]]]) -> None:
    query = build(PSA, ERP, HR)
    assert query(COMPANIES) == [
        ("netsuite:1", "Firm Inc.", "USD", None),
        ("netsuite:2", "Firm GmbH", "EUR", "netsuite:1"),
        ("workday:NEW", "Firm Ltd", None, None),
    ]
    assert query(EMPLOYERS) == [
        ("kantata:u9", "netsuite:2"),
        ("workday:w1", "netsuite:1"),
        ("workday:w3", "workday:NEW"),
        ("workday:w4", "netsuite:2"),
    ]
    # HR says who somebody is and since when, the PSA what role is priced and what an hour costs.
    details = "name, email, role, resource_type, cost_rate, cost_currency, hire_date, manager_resource_id"
    assert query(f"select {details} from canonical.resource where email is not null order by email") == [
        ("Ann", "ann@firm.example", "Manager", "employee", Decimal(90), "USD", date(2024, 1, 1), None),
        ("Bob", "bob@firm.example", "Consultant", "employee", None, None, date(2026, 2, 1), "workday:w1"),
        ("Cid", "cid@firm.example", "Tester", None, None, None, None, None),
    ]
    assert query("select source_resource_id, resource_id, match_method from canonical.resource_xref order by 1") == [
        ("kantata:u1", "workday:w1", "e-mail"),
        ("kantata:u9", "kantata:u9", "own"),
        ("workday:w1", "workday:w1", "own"),
        ("workday:w2", "workday:w3", "e-mail"),
        ("workday:w3", "workday:w3", "own"),
        ("workday:w4", "workday:w4", "own"),
    ]
    assert query(
        "select unit.org_unit_id, unit.parent_org_unit_id, unit.manager_resource_id, count(person.resource_id)"
        " from canonical.org_unit as unit left join canonical.resource as person using (org_unit_id)"
        " group by 1, 2, 3 order by 1"
    ) == [("workday:o1", None, "workday:w1", 1), ("workday:o2", "workday:o1", None, 0)]
    assert query("select leave_id, resource_id, hours, status from canonical.leave order by 1") == [
        ("workday:l1", "workday:w3", Decimal(8), "approved"),
        ("workday:l2", "workday:w3", None, "cancelled"),
    ]
    assert query(
        "select resource_id, hours_per_day, holiday_date from canonical.resource"
        " inner join canonical.work_calendar using (work_calendar_id) inner join canonical.holiday using (work_calendar_id)"
    ) == [("workday:w1", Decimal(8), date(2026, 12, 25))]


def test_hr_alone(build: Callable[..., Callable[[str], list[tuple[Any, ...]]]]) -> None:
    query = build(HR)
    assert query(COMPANIES) == [("workday:1", "Firm US", None, None), ("workday:NEW", "Firm Ltd", None, None)]
    assert query(EMPLOYERS) == [("workday:w1", "workday:1"), ("workday:w3", "workday:NEW"), ("workday:w4", None)]
    assert query("select role from canonical.resource where resource_id = 'workday:w1'") == [("Head of Things",)]


def test_without_hr(build: Callable[..., Callable[[str], list[tuple[Any, ...]]]]) -> None:
    query = build(PSA, ERP)
    assert [row[0] for row in query(COMPANIES)] == ["netsuite:1", "netsuite:2"]
    assert query(EMPLOYERS) == [("kantata:u1", "netsuite:1"), ("kantata:u9", "netsuite:2")]
    assert query("select count(hire_date), count(org_unit_id), count(manager_resource_id) from canonical.resource") == [
        (0, 0, 0)
    ]
    for empty in ("org_unit", "leave", "work_calendar", "holiday"):
        assert query(f"select count(*) from canonical.{empty}") == [(0,)]
