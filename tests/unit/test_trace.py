"""``leakage trace``: an agreement, an amendment or an invoice by any of its names."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tests.unit.test_cli import data_dir, leakage

__all__ = ["data_dir"]

TRACES = """
create schema canonical;
create schema marts;
create table canonical.engagement as
select 'crm1:E' as engagement_id, 'E' as source_id, 'O' as opportunity_source_id, false as is_deleted;
create table canonical.change_order as
select 'crm1:C' as change_order_id, 'C' as source_id, 'CO-1' as co_number, 'crm1:E' as engagement_id, false as is_deleted
union all
select 'crm1:X', 'X', 'CO-9', 'crm1:E', true;
create table canonical.invoice as
select 'erp1:I' as invoice_id, 'I' as source_id, 'INV-1' as invoice_number
union all
select 'erp1:J', 'J', 'E';
create table canonical.invoice_line as
select 'erp1:I' as invoice_id, 'crm1:E' as engagement_id, false as is_deleted
union all
select 'erp1:I', 'crm1:E', false
union all
select 'erp1:J', 'crm1:E', false;
create table marts.operations__traces as
select
  'crm1:E' as correlation_id, subject_type, subject_id, name as subject_name, 'Nordwind' as customer_name, step_number, step,
  domain, status, happened_date, 4 as days_since_previous, days_late, source_system, source_id,
  cast(amount as decimal(18, 4)) as amount, 'EUR' as currency
from (
  values
  ('change_order', 'crm1:C', 'CO-1', 2, 'known_to_ledger', 'erp', 'missing', null, 55, null, null, null),
  ('change_order', 'crm1:C', 'CO-1', 1, 'approved', 'crm', 'done', date '2026-03-04', null, 'crm1', 'C', 9000.00),
  ('engagement', 'crm1:E', 'Advice', 1, 'won', 'crm', 'done', date '2026-02-01', null, 'crm1', 'O', 60000.00),
  ('engagement', 'crm1:F', 'Another', 1, 'won', 'crm', 'done', date '2026-02-01', null, 'crm1', 'Q', 1.00)
) as t(subject_type, subject_id, name, step_number, step, domain, status, happened_date, days_late, source_system, source_id,
       amount);
update marts.operations__traces set correlation_id = 'crm1:F' where subject_id = 'crm1:F';
"""


@pytest.fixture
def traced(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One agreement with one amendment, one invoice, and another agreement."""
    data_dir.mkdir()
    monkeypatch.setenv("COLUMNS", "200")
    with duckdb.connect(str(data_dir / "warehouse.duckdb")) as connection:
        connection.execute(TRACES)
    return data_dir


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("O", ["won", "approved", "known_to_ledger"]),
        ("crm1:E", ["won", "approved", "known_to_ledger"]),
        ("INV-1", ["won", "approved", "known_to_ledger"]),
        ("erp1:I", ["won", "approved", "known_to_ledger"]),
        ("CO-1", ["approved", "known_to_ledger"]),
        ("C", ["approved", "known_to_ledger"]),
    ],
)
def test_each_name_leads_to_its_way(
    traced: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str, steps: list[str]
) -> None:
    assert leakage(monkeypatch, "trace", name, "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert [step["step"] for step in said] == steps
    assert [step["amount"] for step in said if step["step"] == "approved"] == ["9000.00"]


def test_the_way_for_people(traced: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert leakage(monkeypatch, "trace", "CO-1") == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "change order CO-1 (crm1:C) of Nordwind"
    assert lines[2].split() == ["approved", "crm", "2026-03-04", "done", "4", "d", "crm1", "C", "9,000.00", "EUR"]
    assert "missing by 55 d" in lines[3] and "absent" in lines[3]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "trace 'nothing': no engagement, change order or invoice of one has it"),
        ("CO-9", "trace 'CO-9': no engagement, change order or invoice of one has it"),
        ("E", "trace 'E': engagement and invoice have it; give an id"),
    ],
)
def test_a_name_that_is_nobodys_or_several(
    traced: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    assert leakage(monkeypatch, "trace", name) == 2
    shown = capfd.readouterr()
    assert said in shown.err and shown.err.count("\n") == 1
