"""How long the validation interface takes to answer, by operation.

    uv run python -m tests.benchmarks.validation [--questions 200] [--published data/published]

Every question is about another entry, expense, project or customer that the register knows, asked one after the other over
the application's whole stack, in this process. Without ``--published`` a firm of the demo's size is built first. Prints one
JSON object: milliseconds at the median and the 99th percentile, and of the processor at the median, per operation; the
first question to a publication, which opens it, is ``first_ms``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from ingestion.sandbox.firm import Firm
from orchestration.run import execute
from orchestration.validation.snapshot import Row, Snapshot
from tests.benchmarks.events import quantile
from tests.e2e.conftest import served
from tests.validation_client import Client

# As many as are wanted, always the same, from all over the firm.
_ENTRIES = (
    "select * from canonical.time_entry where not is_deleted and project_id is not null and resource_id is not null"
    " order by md5(time_entry_id), time_entry_id limit $count"
)
_EXPENSES = (
    "select * from canonical.expense_item where not is_deleted and project_id is not null"
    " order by md5(expense_item_id), expense_item_id limit $count"
)


def measure(published: Path, questions: int) -> dict[str, Any]:
    """The figures of one round of ``questions`` of each operation on the register in ``published``."""
    with Snapshot(published).reading() as reader:
        entries = reader.rows(_ENTRIES, {"count": questions})
        expenses = reader.rows(_EXPENSES, {"count": questions})
    client = Client(published)
    operations: dict[str, tuple[list[Row], Callable[[Row], Any]]] = {
        "time-entry": (entries, lambda row: client.post("/validate/time-entry", **_time(row))),
        "expense": (expenses, lambda row: client.post("/validate/expense", **_expense(row))),
        "project": (
            [row for row in entries if row["customer_id"]],
            lambda row: client.post(
                "/validate/project", name=f"New {row['time_entry_id']}", customer_id=row["customer_id"]
            ),
        ),
        "rates": (
            entries,
            lambda row: client.get("/rates", project_id=row["project_id"], person=row["resource_id"], date=_day(row)),
        ),
    }
    began = time.perf_counter()
    client.get(f"/projects/{entries[0]['project_id']}")
    found: dict[str, Any] = {"first_ms": _ms(time.perf_counter() - began)}
    for operation, (rows, ask) in operations.items():
        wall, processor = [], []
        for row in rows:
            began, used = time.perf_counter(), time.process_time()
            ask(row)
            wall.append(time.perf_counter() - began)
            processor.append(time.process_time() - used)
        found[operation] = {
            "questions": len(rows),
            "p50_ms": _ms(quantile(wall, 0.5)),
            "p99_ms": _ms(quantile(wall, 0.99)),
            "processor_p50_ms": _ms(quantile(processor, 0.5)),
        }
    return found


def _time(row: Row) -> Row:
    question = {"project_id": row["project_id"], "person": row["resource_id"], "work_date": str(row["work_date"])}
    return {**question, "hours": str(row["hours"]), "role": row["role"]}


def _expense(row: Row) -> Row:
    question = {"project_id": row["project_id"], "expense_date": str(row["expense_date"]), "category": row["category"]}
    return {**question, "amount": str(row["amount"]), "currency": row["currency"]}


def _day(row: Row) -> str:
    return str(row["work_date"])


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


@contextmanager
def _built() -> Iterator[Path]:
    firm = Firm(seed=7, staff=60, months=6, ends_on=date(2026, 4, 30))
    with tempfile.TemporaryDirectory(prefix="leakage-validation-") as folder, served(Path(folder), firm) as built:
        outcome = execute()
        assert outcome.ok, outcome.failures
        yield built.data_dir / "published"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=200, help="how many of each operation (default: 200)")
    parser.add_argument("--published", type=Path, help="a published register to ask instead of a firm built for it")
    options = parser.parse_args()
    if options.published:
        result = measure(options.published, options.questions)
    else:
        with _built() as published:
            result = measure(published, options.questions)
    print(json.dumps(result | {"load_of_machine": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
