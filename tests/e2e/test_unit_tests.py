"""dbt's unit tests of every model, on the tables of the generated firm."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from orchestration.lib.dbt_runtime import PROJECT_DIR
from tests.e2e.conftest import BuiltFirm


def test_dbt_unit_tests_hold(own_firm: BuiltFirm) -> None:
    dbt = Path(sys.executable).with_name("dbt")
    command = [str(dbt), "--quiet", "test", "--select", "resource_type:unit_test", "--project-dir", str(PROJECT_DIR)]
    folders = ["--profiles-dir", str(PROJECT_DIR), "--target-path", str(own_firm.data_dir / "unit_tests")]
    done = subprocess.run([*command, *folders], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
    results = json.loads((own_firm.data_dir / "unit_tests" / "run_results.json").read_text())["results"]
    tests = [r for r in results if r["unique_id"].startswith("unit_test.")]
    assert len(tests) > 180
    assert {r["status"] for r in tests} == {"pass"}
