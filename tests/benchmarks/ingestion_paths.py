"""The three ways to load the same pages, each run in a process of its own by ``tests.benchmarks.ingestion``.

``python -m tests.benchmarks.ingestion_paths PATH URL DIRECTORY`` loads into ``DIRECTORY/warehouse.duckdb`` and prints
what it took as one JSON line. All three processes import the same modules, and the clock starts after that.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import dlt
import duckdb
import msgspec
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
import requests

from ingestion import pipelines
from ingestion.contract import arrow_type
from ingestion.convert import PARSE_BLOCK_BYTES
from ingestion.http.session import READ_BYTES, VendorSession
from ingestion.raw import BATCH_ROWS, Page, RawObject, Window
from ingestion.source import build_source
from tests.benchmarks.pages import FIELDS

SYSTEM = "benchmark"
TIME_ENTRIES = RawObject("time_entries", key=("Id",), columns=FIELDS, cursor="ModifiedAt")
# What the libraries import in the middle of a first load; imported by all three processes before the clock starts.
LAZY_IMPORTS = (
    "dlt._workspace.cli",
    "dlt._workspace._plugins",
    "dlt.common.libs.pyarrow",
    "dlt.destinations.impl.duckdb.duck",
    "dlt.sources.helpers.requests",
    "netrc",
    "pandas",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pytz",
    "sqlalchemy",
)


class Envelope(msgspec.Struct):
    """One page: records keep their bytes."""

    records: list[msgspec.Raw]
    nextRecordsUrl: str | None = None


class PageClient:
    """What a vendor's source is: it follows the links of the envelope and yields the records of each page."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = VendorSession(SYSTEM)

    def fetch(self, obj: RawObject, window: Window) -> Iterator[Page]:
        url: str | None = self._url
        while url:
            page = self._session.json("GET", url, type=Envelope)
            yield page.records
            url = page.nextRecordsUrl and urljoin(url, page.nextRecordsUrl)

    def server_time(self) -> datetime:
        return datetime.now(UTC)


def ours(url: str, directory: Path) -> None:
    """The product's path, with everything that it does."""
    os.environ["LEAKAGE_DATA_DIR"] = str(directory)
    ours_from(url)


def ours_from(url: str) -> None:
    """One run of the product's pipeline over the pages at ``url``, into the configured data directory."""
    pipelines.run(SYSTEM, build_source(SYSTEM, {"time_entries": TIME_ENTRIES}, lambda: PageClient(url)))


def dlt_dicts_parquet(url: str, directory: Path) -> None:
    """dlt as its documentation shows it, over dicts, with the fastest JSON decoder and the parquet loader."""

    @dlt.resource(name="time_entries", write_disposition="append")
    def time_entries() -> Iterator[Any]:
        with requests.Session() as session:
            following: str | None = url
            while following:
                page = orjson.loads(session.get(following, timeout=60).content)
                yield page["records"]
                following = urljoin(following, page["nextRecordsUrl"]) if "nextRecordsUrl" in page else None

    dlt.config["runtime.dlthub_telemetry"] = False
    pipeline = dlt.pipeline(
        SYSTEM,
        pipelines_dir=str(directory / "pipelines"),
        destination=dlt.destinations.duckdb(str(directory / "warehouse.duckdb")),
        dataset_name=f"raw_{SYSTEM}",
    )
    pipeline.run(time_entries(), loader_file_format="parquet")


def floor(url: str, directory: Path) -> None:
    """What cannot be avoided: fetch, parse into columns, cast to the declared types, insert; tuned as our path is."""
    as_text = {name: pa.string() for name, kind in FIELDS.items() if kind in ("date", "timestamp")}
    types = {name: arrow_type(kind, name) for name, kind in FIELDS.items()}
    parse = pj.ParseOptions(pa.schema([(name, as_text.get(name, kind)) for name, kind in types.items()]))
    read = pj.ReadOptions(block_size=PARSE_BLOCK_BYTES, use_threads=False)
    decoder = msgspec.json.Decoder(Envelope)

    path = directory / "warehouse.duckdb"
    with (
        duckdb.connect(str(path), config={"threads": 1, "preserve_insertion_order": False}) as warehouse,
        requests.Session() as session,
    ):
        warehouse.execute(f"create schema raw_{SYSTEM}")

        def insert(records: list[msgspec.Raw]) -> None:
            table = pj.read_json(pa.BufferReader(b"\n".join(records)), read_options=read, parse_options=parse)
            batch = pa.table({name: pc.cast(table.column(name), kind) for name, kind in types.items()})
            warehouse.register("batch", batch)
            exists = "insert into {0} select * from batch" if loaded else "create table {0} as select * from batch"
            warehouse.execute(exists.format(f"raw_{SYSTEM}.time_entries"))
            warehouse.unregister("batch")

        loaded = 0
        following: str | None = url
        records: list[msgspec.Raw] = []
        while following:
            response = session.get(following, timeout=60, stream=True)
            page = decoder.decode(b"".join(response.iter_content(READ_BYTES)))
            records += page.records
            if len(records) >= BATCH_ROWS or not page.nextRecordsUrl:
                insert(records)
                loaded += len(records)
                records = []
            following = page.nextRecordsUrl and urljoin(following, page.nextRecordsUrl)


PATHS: dict[str, Callable[[str, Path], None]] = {"ours": ours, "dlt_dicts_parquet": dlt_dicts_parquet, "floor": floor}


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    name, url, directory = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    for module in LAZY_IMPORTS:
        import_module(module)
    cpu, wall = _cpu_seconds(), time.perf_counter()
    PATHS[name](url, directory)
    cpu, wall = _cpu_seconds() - cpu, time.perf_counter() - wall
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "peak_mb": round(peak_mb, 1)}))


if __name__ == "__main__":
    main()
