"""Keeps the benchmark alive: it runs, loads the same rows on every path and prints what it promises."""

from __future__ import annotations

import json
import subprocess
import sys


def test_the_benchmark_runs_and_reports_all_paths() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.ingestion", "--rows", "4000", "--json"]
    result = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    assert result.keys() == {"rows", "paths", "ratio_to_dicts", "ratio_to_floor"}
    assert result["rows"] == 4000
    assert result["paths"].keys() == {"ours", "dlt_dicts_parquet", "floor"}
    for used in result["paths"].values():
        assert used.keys() == {"cpu_s", "wall_s", "peak_mb"}
        assert min(used.values()) > 0
    cpu = {path: used["cpu_s"] for path, used in result["paths"].items()}
    assert abs(result["ratio_to_dicts"] - cpu["dlt_dicts_parquet"] / cpu["ours"]) < 0.01
    assert abs(result["ratio_to_floor"] - cpu["floor"] / cpu["ours"]) < 0.01
