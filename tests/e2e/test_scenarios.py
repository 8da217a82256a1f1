"""The scenarios through the whole pipeline, together with one whose expectation is a cent off.

Those that cannot share a firm with the others are left to ``tests.mixes --whole``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from ingestion.config import DEFAULT_SYSTEMS, parse_systems
from ingestion.sandbox.scenarios import load
from orchestration.evidence import explain
from orchestration.scenario_check import ScenarioResult, check
from tests.mixes import of_one_firm

SCENARIOS = Path(__file__).parents[1] / "scenarios"


@dataclass
class Checked:
    """The results by scenario, and the published copy of the run that most scenarios share."""

    results: dict[str, ScenarioResult]
    published: Path


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """The whole run that most scenarios share."""
    directory, keep = (tmp_path_factory.mktemp(name) for name in ("files", "runs"))
    of_one_firm(directory)
    good = next(directory.glob("S01_*.yml")).read_text("utf-8")
    (directory / "X01_a_cent_off.yml").write_text(
        good.replace("scenario: S01", "scenario: X01").replace('"2000.00"', '"2000.01"'), "utf-8"
    )
    results = check(directory, parse_systems(DEFAULT_SYSTEMS), keep=keep)
    return Checked({r.scenario: r for r in results}, keep / "run-1" / "published" / "leakage.duckdb")


def test_scenarios_hold_to_the_cent(checked: Checked) -> None:
    results = dict(checked.results)
    off = results.pop("X01")
    assert not off.ok
    assert "2000.01" in off.differences[0]
    assert "2000.00" in off.differences[0]
    assert len(results) >= 76
    assert {r.scenario: r.differences for r in results.values() if not r.ok} == {}


def test_names_in_any_script_reach_the_published_mart_byte_for_byte(checked: Checked) -> None:
    (scenario,) = [s for s in load(SCENARIOS) if s.scenario == "I08"]
    facts = scenario.facts
    lines = {line.id: line for line in facts.contract_lines}
    contracts = {contract.id: contract for contract in facts.contracts}
    # The ledger names who is billed, where it knows the customer.
    billed = {customer.id: customer.as_known_to({"erp"}).name for customer in facts.customers}
    billed["I08:RU"] = next(c.name for c in facts.customers if c.id == "I08:RU")
    expected = {
        (billed[contracts[lines[p.contract_line or ""].contract].customer], lines[p.contract_line or ""].name, p.name)
        for p in facts.projects
    }
    with duckdb.connect(str(checked.published), read_only=True) as connection:
        found = connection.execute(
            "select customer_name, contract_line_name, project_name from marts.leakage__findings"
            " where contract_line_name like 'I08 %'"
        ).fetchall()
        people = connection.execute("select name from canonical.resource where name like 'I08 %'").fetchall()
        aliases = connection.execute("select alias from canonical.identity_alias where alias like 'I08 %'").fetchall()
    assert {tuple(name.encode() for name in row) for row in found} == {
        tuple(name.encode() for name in row) for row in expected
    }
    assert [name.encode() for (name,) in people] == [facts.resources[0].name.encode()]
    written = {c.name for c in facts.customers} | {c.as_known_to({"erp"}).name for c in facts.customers}
    assert {name.encode() for name in written} <= {alias.encode() for (alias,) in aliases}


def test_the_evidence_names_the_rule_that_inferred_a_link(checked: Checked) -> None:
    with duckdb.connect(str(checked.published), read_only=True) as connection:
        (finding_id,) = connection.execute(
            "select finding_id from marts.leakage__findings where identity_confidence = 'medium'"
            " and detector_id = 'L07' and project_name like 'I06 %'"
        ).fetchone() or (None,)
        chain = explain(connection, str(finding_id))["chain"]
    (inferred,) = [step for step in chain if step["step"] == "inferred project"]
    assert inferred["system"] == "concur"
    assert inferred["record_id"] == "I06rollout-7"
    assert "project_code_spelling (I06ROLLOUT7), medium confidence" in inferred["detail"]


def test_merged_records_stay_findable(checked: Checked) -> None:
    with duckdb.connect(str(checked.published), read_only=True) as connection:
        found = connection.execute(
            "select entity_type, count(distinct entity_id), count(*) from canonical.identity_alias"
            " where alias like 'I05 C_' or alias like 'I05 P_' and alias_type = 'name' group by entity_type"
        ).fetchall()
    assert {(kind, entities) for kind, entities, _ in found} == {("customer", 1), ("project", 1)}
