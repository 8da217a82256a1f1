"""The assessment of a register: where money is lost or delayed, on screen, as JSON and as HTML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.unit.test_cli import built, data_dir, leakage

__all__ = ["built", "data_dir"]

# What an assessment reads beside what the command line's tests show of the tiny register.
MORE = """
alter table marts.leakage__findings add column service_line varchar;
alter table marts.leakage__findings add column legal_entity_id varchar;
alter table marts.leakage__findings add column contract_line_id varchar;
alter table marts.leakage__findings add column recoverable_amount decimal(18, 4);
alter table marts.leakage__findings add column days_past int default 40;
alter table marts.leakage__findings add column carry_cost_amount decimal(18, 4);
update marts.leakage__findings set service_line = 'Advisory', contract_line_id = 'crm1:L', recoverable_amount = 1500
where finding_id = 'aaaa1111';
update marts.leakage__findings set service_line = 'Advisory', exposed_amount = 700 where finding_id = 'bbbb3333';
insert into marts.leakage__findings by name
select 'dddd5555' as finding_id, 'L01' as detector_id, 'unbilled_approved_time' as category, 'at_risk' as verdict,
  'Bolt' as customer_name, 50.00 as amount, 'USD' as currency, 50.00 as base_amount, true as is_counted,
  'Managed [/Cloud] <Services>' as service_line, 20 as recoverable_amount, true as is_live;
-- In the shadow of the rollout policy: in no figure.
insert into marts.leakage__findings by name
select 'eeee' || verdict as finding_id, 'L25' as detector_id, 'invoice_delay' as category, verdict, 900.00 as amount,
  'USD' as currency, 900.00 as exposed_amount, false as is_counted, 'Advisory' as service_line, false as is_live
from (values ('at_risk'), ('timing_delay'), ('overbilling'), ('confirmed_loss')) as shadow(verdict);
create table canonical.legal_entity as select 'erp1:E' as legal_entity_id, 'Firm Inc.' as name;
create table ledger.ledger__contract_lines as
select date '2026-04-30' as as_of_date, 'USD' as currency, 10000.00 as entitled_amount, 0.00 as not_leakage_amount;
create or replace table marts.finance__not_judged as
select 'missing_rate' as reason, 3 as item_count, 'USD' as currency, cast(90 as decimal(18, 4)) as not_judged_amount;
"""


@pytest.fixture
def assessed(built: Path) -> Path:
    """The tiny register with all that an assessment reads."""
    with duckdb.connect(str(built / "warehouse.duckdb")) as connection:
        connection.execute(MORE)
    return built


def test_money_is_shown_by_service_line_and_what_has_none_apart(
    assessed: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leakage(monkeypatch, "assess", "--json") == 0
    said: dict[str, Any] = json.loads(capfd.readouterr().out)
    assert list(said["by"]) == ["category", "service line", "legal entity", "kind of contract", "owner"]
    figures = ("findings", "lost", "delayed", "recoverable")
    assert [(r["label"], r["currency"], *(r[f] for f in figures)) for r in said["by"]["service line"]] == [
        ("Advisory", "USD", 2, "2000.00", "700.00", "1500.00"),
        ("not stated", "EUR", 1, "136.36", "0.00", "0.00"),
        ("Managed [/Cloud] <Services>", "USD", 1, "50.00", "0.00", "20.00"),
    ]
    assert [(t["currency"], t["lost"]) for t in said["totals"]] == [("EUR", "136.36"), ("USD", "2050.00")]
    page = (assessed / "assessment.html").read_text("utf-8")
    assert "by service line</h2>" in page and "<td>not stated</td>" in page
    assert "<td>Managed [/Cloud] &lt;Services&gt;</td>" in page


def test_people_see_the_service_lines_on_screen(
    assessed: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leakage(monkeypatch, "assess") == 0
    shown = capfd.readouterr().out
    lines = shown.split("By service line")[1].split("By legal entity")[0].splitlines()
    assert [line.split("  ")[0] for line in lines[2:5]] == ["Advisory", "not stated", "Managed [/Cloud] <Services>"]
