"""Loads beside each other and beside a build: who waits for whom, and what a build finds whatever became of the loads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from unittest import mock

import duckdb
import pytest
from dlt.load.load import Load
from dlt.pipeline.exceptions import PipelineStepFailed

from ingestion import pipelines
from ingestion.http.errors import SourceError, TransientError
from ingestion.raw import RawObject
from ingestion.source import build_source
from ingestion.warehouse import exclusive
from orchestration.lib import loader
from tests.fake_vendor import ENTRIES, SYSTEM, FakeVendor, entry, versions, warehouse_rows


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def vendor() -> FakeVendor:
    vendor = FakeVendor()
    vendor.records["entries"] = [entry("a"), entry("b", at="2026-01-01T00:00:00Z")]
    return vendor


# --- taking turns ---


def test_dlt_is_configured_by_one_load_at_a_time() -> None:
    # Its settings are one document of the process. Whoever is writing them looks whether the other one gets in too.
    together = Barrier(2)
    met: list[bool] = []

    def configure() -> None:
        try:
            together.wait(0.3)
            met.append(True)
        except BrokenBarrierError:
            met.append(False)

    with mock.patch.object(pipelines, "_configure", configure), ThreadPoolExecutor(2) as threads:
        list(threads.map(pipelines.pipeline_for, ["a", "b"]))
    assert met == [False, False]


def test_no_load_meets_a_half_imported_module() -> None:
    # In a process of its own: this one has long imported it.
    program = """
import sys
from orchestration.lib import loader

found = []
loader.record_attempt = lambda *_: None

def run(system, **_):
    found.append(hasattr(sys.modules.get("pandas"), "DataFrame"))
    found.append(hasattr(sys.modules.get(f"ingestion.sources.{system}"), "source"))

loader.run = run
loads = loader.LoadsAhead(["kantata", "netsuite", "unknown"])
loads.start()
list(loads.as_they_end())
print(sorted(found))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[False, True, True, True, True, True]", "the last one is no system's"


def test_a_load_ahead_that_broke_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "run", mock.Mock(side_effect=ZeroDivisionError("no such page")))
    loads = loader.LoadsAhead(["a"])
    loads.start()
    assert list(loads.as_they_end()) == ["a"]
    with pytest.raises(SourceError, match=r"^a: the load failed \(no such page\); see the run's log$") as raised:
        loads.load("a", ())
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_the_error_of_a_source_is_told_as_it_is(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    # What every object asks first fails the whole step.
    monkeypatch.setattr(vendor, "server_time", mock.Mock(side_effect=TransientError("fake: it is down; try later")))
    monkeypatch.setattr(loader, "run", lambda *_, **__: vendor.load())
    loads = loader.LoadsAhead([SYSTEM])
    loads.start()
    assert list(loads.as_they_end()) == [SYSTEM]
    for _ in range(2):
        with pytest.raises(TransientError, match="^fake: it is down; try later$") as raised:
            loads.load(SYSTEM, ())
        # Behind it stands the step that it made fail, and behind that the error itself.
        assert pipelines.source_error(SYSTEM, raised.value) is raised.value


def elsewhere(work: Callable[[RawObject, int], None]) -> Callable[[RawObject, int], None]:
    """``work`` done in another thread, while this one waits."""

    def wait_for_it(obj: RawObject, page: int) -> None:
        with ThreadPoolExecutor() as threads:
            threads.submit(work, obj, page).result()

    return wait_for_it


def test_the_warehouse_is_free_while_the_vendor_answers(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    asked: list[str] = []

    def use_the_warehouse(obj: RawObject, page: int) -> None:
        command = [sys.executable, "-c", "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('select 1')"]
        subprocess.run([*command, str(data_dir / "warehouse.duckdb")], check=True)
        with exclusive(data_dir / "warehouse.duckdb"):
            asked.append(obj.name)

    vendor.before_page = use_the_warehouse
    vendor.load()
    assert asked == ["entries"]


def test_a_system_is_loaded_by_one_run_at_a_time(vendor: FakeVendor, data_dir: Path) -> None:
    refused: list[str] = []

    def load_it_too(obj: RawObject, page: int) -> None:
        with pytest.raises(TransientError) as error:
            pipelines.run(SYSTEM, FakeVendor().source())
        refused.append(str(error.value))

    vendor.before_page = elsewhere(load_it_too)
    vendor.load()
    assert refused == ["fake: it is being loaded already; wait for that load to end"]
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False)]


def test_systems_are_loaded_at_the_same_time(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits in the middle of its load until the other one is there too."""
    both = Barrier(2, timeout=20)

    def load(name: str) -> None:
        vendor = FakeVendor()
        vendor.records["entries"] = [entry(name)]
        vendor.before_page = lambda obj, page: both.wait() and None
        pipelines.run(name, build_source(name, vendor.objects, lambda: vendor))

    with ThreadPoolExecutor() as threads:
        list(threads.map(load, ["one", "two"]))
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute("select id from raw_one.entries union all select id from raw_two.entries order by 1")
        assert found.fetchall() == [("one",), ("two",)]


# --- what the build finds ---


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake vendor is a system of the registry."""

    class Spec:
        objects = {"entries": ENTRIES}

    monkeypatch.setitem(pipelines.SYSTEMS, SYSTEM, Spec)


COLUMNS = (
    "select table_name, column_name, data_type, is_nullable from information_schema.columns "
    "where table_schema = '{raw}' and table_name not like '\\_dlt%' escape '\\' order by table_name, ordinal_position"
)


@pytest.mark.usefixtures("registered")
def test_a_system_that_was_never_read_has_its_tables_typed_and_empty(data_dir: Path, tmp_path: Path) -> None:
    with exclusive(data_dir / "warehouse.duckdb"):
        pipelines.prepare([SYSTEM])
        pipelines.prepare([SYSTEM])
    assert versions(data_dir) == []
    prepared = warehouse_rows(data_dir, COLUMNS)
    assert {row[0] for row in prepared} == {"entries", "feed", "quarantine"}
    vendor = FakeVendor()
    vendor.records["entries"] = [entry("a")]
    vendor.load()
    assert versions(data_dir) == [("a", 1, False)]
    assert vendor.windows == [None], "what was prepared is no load"
    assert warehouse_rows(data_dir, COLUMNS) == prepared


@pytest.mark.usefixtures("registered")
def test_what_a_killed_load_left_is_settled_before_a_build(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    vendor.records["entries"].append(entry("c"))
    pipeline = pipelines.pipeline_for(SYSTEM)
    pipeline.extract(vendor.source(), loader_file_format="parquet")
    pipeline.normalize()
    with mock.patch.object(Load, "complete_package", side_effect=OSError("stop")), pytest.raises(PipelineStepFailed):
        pipeline.load()
    with exclusive(data_dir / "warehouse.duckdb"):
        pipelines.prepare([SYSTEM])
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False)]


@pytest.mark.usefixtures("registered")
def test_a_build_leaves_a_running_load_alone(vendor: FakeVendor, data_dir: Path) -> None:
    def build(obj: RawObject, page: int) -> None:
        with exclusive(data_dir / "warehouse.duckdb"):
            pipelines.prepare([SYSTEM])
        assert versions(data_dir) == []

    vendor.before_page = elsewhere(build)
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False)]
