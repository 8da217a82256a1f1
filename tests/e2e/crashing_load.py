"""A load that is killed at a chosen point, to be run in a process of its own.

SIGKILL leaves no time for any clean-up, as a power cut or an out-of-memory killer does.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn
from unittest.mock import patch

from dlt.common.storages.load_storage import LoadStorage
from dlt.destinations.impl.duckdb.duck import DuckDbCopyJob
from dlt.load.load import Load
from dlt.normalize.normalize import Normalize

from tests.benchmarks.ingestion_paths import PageClient, ours_from

POINTS = (
    "between two pages",
    "between extract and normalize",
    "between extract and load",
    "before the rows are copied",
    "while the rows are copied",
    "after the rows are copied",
    "before the load is recorded",
    "after the load is recorded",
)


def die(*_: Any, **__: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def die_in_copying(when: str) -> None:
    """Die at the copy of the records; the copies of the small tables beside it may be committed or not."""
    copy: Callable[[DuckDbCopyJob], None] = DuckDbCopyJob.run

    def run(job: DuckDbCopyJob) -> None:
        if not job.job_id().startswith("time_entries"):
            copy(job)
            return
        if when == "before":
            die()
        if when == "while":
            threading.Timer(0.005, die).start()
        copy(job)
        die()

    patch.object(DuckDbCopyJob, "run", run).start()


def die_between_pages() -> None:
    fetch = PageClient.fetch

    def pages(self: PageClient, *args: Any) -> Iterator[Any]:
        for number, page in enumerate(fetch(self, *args)):
            if number == 2:
                die()
            yield page

    patch.object(PageClient, "fetch", pages).start()


def load_until(point: str, url: str, data_dir: str) -> None:
    """Load the pages at ``url`` into ``data_dir`` and die at ``point``."""
    os.environ["LEAKAGE_DATA_DIR"] = data_dir
    if point == "between two pages":
        die_between_pages()
    elif point == "between extract and normalize":
        patch.object(Normalize, "run", die).start()
    elif point == "between extract and load":
        patch.object(Load, "run", die).start()
    elif point.endswith("the rows are copied"):
        die_in_copying(point.split()[0])
    elif point == "before the load is recorded":
        patch.object(Load, "complete_package", die).start()
    elif point == "after the load is recorded":
        patch.object(LoadStorage, "complete_load_package", die).start()
    else:
        raise ValueError(f"unknown point {point!r}")
    ours_from(url)
