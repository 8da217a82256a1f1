"""How fast records go from a vendor's pages into raw, beside dlt over dicts and beside the floor without dlt.

    uv run python -m tests.benchmarks.ingestion --rows 200000 [--json]

A server process hands out pre-rendered pages (time entries, 25 fields, about 700 bytes a row, 2000 rows a page). Each
path loads them over HTTP in a fresh process with fresh state:

* ``ours``: the product's path with everything it does (exact types, extras, quarantine, version index, feed, state);
* ``dlt_dicts_parquet``: dlt over dicts with ``loader_file_format="parquet"``;
* ``floor``: fetch, pyarrow.json, cast to the declared types, insert into DuckDB, and nothing else.

CPU seconds are user + system of the path's process and its children, counted from after the imports, which are the
same for all three; so is wall time. Peak memory is the process's largest resident size, imports included. The two
ratios compare rows per CPU second. That all paths loaded the same rows is checked by count and sum of hours.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from tests.benchmarks.pages import served

PATHS = ("ours", "dlt_dicts_parquet", "floor")
CHECKSUM = "select count(*), round(sum(cast(hours as decimal(18, 4))), 2) from raw_benchmark.time_entries"


def measure(rows: int) -> dict[str, Any]:
    """The figures of one run of all paths; raises RuntimeError when they did not load the same rows."""
    figures: dict[str, dict[str, float]] = {}
    checksums = {}
    with served(rows) as url:
        for path in PATHS:
            with tempfile.TemporaryDirectory(prefix=f"leakage-{path}-") as directory:
                figures[path] = _run(path, url, directory)
                checksums[path] = _checksum(Path(directory) / "warehouse.duckdb")
    if set(checksums.values()) != {checksums["ours"]} or checksums["ours"][0] != rows:
        raise RuntimeError(f"the paths did not load the same {rows} rows: {checksums}")
    cpu = {path: figures[path]["cpu_s"] for path in PATHS}
    return {
        "rows": rows,
        "paths": figures,
        "ratio_to_dicts": round(cpu["dlt_dicts_parquet"] / cpu["ours"], 2),
        "ratio_to_floor": round(cpu["floor"] / cpu["ours"], 2),
    }


def _run(path: str, url: str, directory: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.ingestion_paths", path, url, directory]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _checksum(warehouse: Path) -> tuple[Any, ...]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        (row,) = connection.execute(CHECKSUM).fetchall()
    return tuple(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="time entries to load (default: 200000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    result = measure(options.rows)
    if options.json:
        print(json.dumps(result))
        return
    table = Table(title=f"{options.rows:,} rows, CPU and wall time from after the imports")
    for heading in ("path", "rows per CPU second", "CPU s", "wall s", "peak MB"):
        table.add_column(heading, justify="left" if heading == "path" else "right")
    for path, used in result["paths"].items():
        speed = f"{options.rows / used['cpu_s']:,.0f}"
        table.add_row(path, speed, f"{used['cpu_s']:.2f}", f"{used['wall_s']:.2f}", f"{used['peak_mb']:.0f}")
    console = Console()
    console.print(table)
    console.print(f"ours is {result['ratio_to_dicts']} times dlt over dicts, {result['ratio_to_floor']} of the floor")


if __name__ == "__main__":
    main()
