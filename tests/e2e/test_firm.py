"""The generated firm through the whole pipeline: what was planted is found, to the cent, and nothing else.

One firm is built once; the tests then run it again, and one day later, in the order of this file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from ingestion.config import DEFAULT_SYSTEMS, parse_systems
from ingestion.sandbox.firm import AnswerKey, Firm
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.world import World
from orchestration.environment import environment
from orchestration.run import execute
from orchestration.scenario_check import fact_index, read_observed

DBT_PROJECT = Path(__file__).parents[2] / "dbt_project"
LEAKAGE = ("at_risk", "confirmed_loss")


def end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), UTC)


@dataclass
class Built:
    """A firm that is served, and the warehouse that was built from it as of ``as_of``."""

    firm: Firm
    world: World
    as_of: date
    data_dir: Path

    @property
    def warehouse(self) -> Path:
        return self.data_dir / "warehouse.duckdb"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def run(self) -> None:
        with environment({"LEAKAGE_AS_OF": self.as_of.isoformat()}):
            outcome = execute(keep_history=False)
        assert outcome.ok and not outcome.failed_loads, (outcome.failures, outcome.failed_loads)

    def advance(self, days: int = 1) -> None:
        self.as_of += timedelta(days=days)
        self.world.replace_facts(self.firm.facts_at(end_of(self.as_of)), end_of(self.as_of))

    def found(self) -> dict[tuple[str, str], tuple[Any, ...]]:
        rows = read_observed(self.warehouse, fact_index(self.world))
        return {
            (o.detector or "", o.fact_id): (o.verdict, o.amount, o.currency, o.exposed_amount)
            for o in rows
            if o.is_finding and not o.is_estimate
        }

    def raw_rows(self) -> dict[str, int]:
        tables = self.query(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema like 'raw_%' and table_name not like '\\_dlt%' escape '\\' and table_name <> 'feed'"
        )
        return {f"{s}.{t}": self.query(f'select count(*) from {s}."{t}"')[0][0] for s, t in tables}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    firm = Firm(seed=11, staff=20, months=5, ends_on=date(2026, 4, 29))
    world = World(firm.facts_at(end_of(firm.ends_on)), end_of(firm.ends_on), parse_systems(DEFAULT_SYSTEMS))
    data_dir = tmp_path_factory.mktemp("firm")
    with SandboxServer(world) as sandbox:
        variables = sandbox.credentials() | {"LEAKAGE_SYSTEMS": DEFAULT_SYSTEMS, "LEAKAGE_DATA_DIR": str(data_dir)}
        with environment(variables | {"LEAKAGE_AS_OF": firm.ends_on.isoformat()}):
            one = Built(firm, world, firm.ends_on, data_dir)
            one.run()
            yield one


def assert_key_is_found(built: Built) -> None:
    key: AnswerKey = built.firm.answer_key(built.as_of)
    expected = {(x.detector, x.item): (x.verdict, x.amount, x.currency, x.exposed_amount) for x in key.leaks}
    found = built.found()
    assert found.keys() - expected.keys() == set(), "found, but never planted"
    assert expected.keys() - found.keys() == set(), "planted, but not found"
    for subject, (verdict, amount, currency, exposed) in expected.items():
        assert found[subject][:3] == (verdict, amount, currency), subject
        if exposed is not None:
            assert found[subject][3] == exposed, subject


def test_findings_equal_the_answer_key(built: Built) -> None:
    assert_key_is_found(built)
    kinds = {detector for detector, _ in built.found()}
    # There are no transfer prices (L34) and tax rates (L36) by default, late fees (L40) are off, and L03 estimates.
    by_name = {f"L{n:02d}" for n in range(1, 42)} | {f"R{n:02d}" for n in range(1, 10)}
    assert kinds == by_name - {"L03", "L34", "L36", "L40"}


def test_time_that_was_never_logged_is_estimated(built: Built) -> None:
    index = fact_index(built.world)
    found = {
        (index["person", system, str(source_id)], week, currency): amount
        for system, source_id, week, currency, amount in built.query(
            "select subject_system, subject_source_id, occurred_date, currency, amount"
            " from marts.leakage__findings where detector_id = 'L03' and is_estimate"
        )
    }
    planted = {(e.item, e.week, e.currency): e.amount for e in built.firm.answer_key(built.as_of).estimates}
    assert planted.keys() <= found.keys()
    (scripted,) = (key for key in planted if key[0].startswith("X"))
    assert found[scripted] == planted[scripted] == Decimal("7200.00")


def test_look_alikes_are_no_findings(built: Built) -> None:
    money_findings = {fact for (_, fact), row in built.found().items() if row[0] in (*LEAKAGE, "overbilling")}
    traps = {trap.item for trap in built.firm.answer_key(built.as_of).traps}
    assert len(traps) > 10
    assert money_findings.isdisjoint(traps)


def test_every_contract_line_is_conserved(built: Built) -> None:
    lines, residual = built.query("select count(*), sum(abs(residual_amount)) from ledger.ledger__contract_lines")[0]
    assert lines > 10
    assert residual == Decimal(0)


def test_register_ledger_and_answer_key_have_the_same_total(built: Built) -> None:
    output = CliRunner().invoke(_app(), ["findings", "--json"])
    assert output.exit_code == 0, output.output
    register: Counter[str] = Counter()
    on_invoices: Counter[str] = Counter()
    for finding in json.loads(output.stdout):
        if finding["is_counted"]:
            register[finding["currency"]] += Decimal(finding["amount"])  # type: ignore[assignment]
            if finding["subject_type"] == "invoice":
                on_invoices[finding["currency"]] += Decimal(finding["amount"])  # type: ignore[assignment]
    ledger = built.query(
        "select currency, sum(amount) from ledger.ledger__item_claims"
        " where verdict in ('at_risk', 'confirmed_loss') group by currency"
    )
    key = {c: t.leakage for c, t in built.firm.answer_key(built.as_of).totals.items() if t.leakage}
    assert register == key
    # What customers dispute, refuse or do not pay is money of the invoice, beside what its items leak.
    assert {currency: amount + on_invoices[currency] for currency, amount in ledger} == key


def test_explain_leads_from_the_opportunity_to_the_missing_invoice_line(built: Built) -> None:
    finding_id, source_id = built.query(
        "select finding_id, subject_source_id from marts.leakage__findings where detector_id = 'L01' order by 1 limit 1"
    )[0]
    output = CliRunner().invoke(_app(), ["explain", finding_id, "--json"])
    assert output.exit_code == 0, output.output
    chain = {step["step"]: step for step in json.loads(output.stdout)["chain"]}
    assert list(chain) == [
        "opportunity", "contract", "contract line", "rate card version", "project", "time entry", "invoice line",
    ]  # fmt: skip
    assert chain["time entry"]["record_id"] == source_id
    assert chain["invoice line"]["record_id"] is None
    assert all(step["record_id"] for name, step in chain.items() if name != "invoice line")


def test_dbt_unit_tests_hold(built: Built) -> None:
    dbt = Path(sys.executable).with_name("dbt")
    command = [str(dbt), "--quiet", "test", "--select", "resource_type:unit_test", "--project-dir", str(DBT_PROJECT)]
    folders = ["--profiles-dir", str(DBT_PROJECT), "--target-path", str(built.data_dir / "unit_tests")]
    done = subprocess.run([*command, *folders], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
    results = json.loads((built.data_dir / "unit_tests" / "run_results.json").read_text())["results"]
    tests = [r for r in results if r["unique_id"].startswith("unit_test.")]
    assert len(tests) > 180
    assert {r["status"] for r in tests} == {"pass"}


def test_second_run_changes_nothing(built: Built) -> None:
    columns = "finding_id, verdict, amount, exposed_amount, action, evidence, first_seen_at"
    raw, register = built.raw_rows(), built.query(f"select {columns} from marts.leakage__findings order by finding_id")
    events = built.query("select count(*) from marts.leakage__finding_events")
    built.run()
    assert built.query("select count(*) from marts.leakage__finding_events") == events
    assert built.raw_rows() == raw
    assert built.query(f"select {columns} from marts.leakage__findings order by finding_id") == register


def test_a_day_later_only_what_changed_is_loaded(built: Built) -> None:
    before = built.raw_rows()
    yesterday = built.world.now
    built.advance()
    built.run()
    appended = {t: n - before.get(t, 0) for t, n in built.raw_rows().items() if n != before.get(t, 0)}
    changed = [e for e in built.world.facts.time_entries if e.last_touched(built.world.now) > yesterday]
    assert changed
    assert appended["raw_kantata.time_entries"] == len(changed)
    assert appended["raw_kantata.time_entries"] < before["raw_kantata.time_entries"] / 5
    assert_key_is_found(built)


def _app() -> Any:
    from orchestration.cli import app

    return app
