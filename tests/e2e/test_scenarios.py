"""Every scenario file through the whole pipeline, together with one whose expectation is a cent off."""

from __future__ import annotations

import shutil
from pathlib import Path

from ingestion.config import DEFAULT_SYSTEMS, parse_systems
from orchestration.scenario_check import check

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def test_scenarios_hold_to_the_cent(tmp_path: Path) -> None:
    directory = tmp_path / "scenarios"
    shutil.copytree(SCENARIOS, directory)
    good = next(directory.glob("S01_*.yml")).read_text("utf-8")
    (directory / "X01_a_cent_off.yml").write_text(
        good.replace("scenario: S01", "scenario: X01").replace('"2000.00"', '"2000.01"'), "utf-8"
    )

    results = {r.scenario: r for r in check(directory, parse_systems(DEFAULT_SYSTEMS))}

    off = results.pop("X01")
    assert not off.ok
    assert "2000.01" in off.differences[0]
    assert "2000.00" in off.differences[0]
    assert len(results) >= 18
    assert {r.scenario: r.differences for r in results.values() if not r.ok} == {}
