"""dbt's unit tests of every model, on the tables of the generated firm."""

from __future__ import annotations

import json

from orchestration.lib.dbt_runtime import run_dbt
from tests.e2e.conftest import BuiltFirm


def test_dbt_unit_tests_hold(own_firm: BuiltFirm) -> None:
    done = run_dbt("test", "--select", "resource_type:unit_test")
    assert done.returncode == 0, done.stdout[-5000:]
    results = json.loads((own_firm.data_dir / "dbt" / "run_results.json").read_text())["results"]
    tests = [r for r in results if r["unique_id"].startswith("unit_test.")]
    assert len(tests) > 180
    assert {r["status"] for r in tests} == {"pass"}
