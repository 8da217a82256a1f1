"""Runs of one system: what is appended, where the next run starts, and what an interrupted run leaves behind."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import dlt
import pytest
from dlt.common.storages.load_storage import LoadStorage
from dlt.load.load import Load
from dlt.pipeline.exceptions import PipelineStepFailed

from ingestion import pipelines
from ingestion.archive.recording import recording
from ingestion.http.errors import CredentialsError, PartialLoadError, PermanentError, SourceError, TransientError
from ingestion.raw import CompleteFor, CompleteSet, Deleted, RawObject, to_batch
from ingestion.source import build_source
from tests.fake_vendor import ENTRIES, SYSTEM, FakeVendor, entry, versions, warehouse_rows

FEED = "select records_received, versions_appended, tombstones, quarantined from {raw}.feed order by _extracted_at"
LATEST = (
    "select max_by(hours, _extracted_at), max_by(_is_deleted, _extracted_at) from {raw}.entries group by id order by id"
)


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def vendor() -> FakeVendor:
    vendor = FakeVendor()
    vendor.records["entries"] = [entry("a"), entry("b", at="2026-01-01T00:00:00Z")]
    return vendor


# --- versions ---


def test_a_second_identical_run_appends_nothing(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.records["entries"].append(b'{"hours":1}')
    vendor.load()
    before = warehouse_rows(data_dir, "select * from {raw}.entries order by id")
    vendor.ignores_filter = True
    vendor.load()
    assert warehouse_rows(data_dir, "select * from {raw}.entries order by id") == before
    assert warehouse_rows(data_dir, FEED) == [(3, 2, 0, 1), (3, 0, 0, 1)]
    quarantine = warehouse_rows(data_dir, "select object, record_key, reason, record from {raw}.quarantine")
    assert quarantine == [("entries", None, "record has no id", '{"hours":1}')]


def test_changes_are_appended_also_when_a_value_returns(vendor: FakeVendor, data_dir: Path) -> None:
    for hours in (1, 2, 1):
        vendor.records["entries"][0] = entry("a", hours)
        vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("a", 2, False), ("a", 1, False), ("b", 1, False)]
    assert warehouse_rows(data_dir, LATEST) == [(1, False), (1, False)]


def test_times_order_the_versions_even_when_the_machines_clock_goes_back(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    vendor.records["entries"][0] = entry("a", 2)
    with mock.patch("ingestion.raw.datetime", wraps=datetime) as clock:
        clock.now.side_effect = lambda zone: datetime(2020, 1, 1, tzinfo=zone)
        clock.min = datetime.min
        vendor.load()
    assert warehouse_rows(data_dir, LATEST) == [(2, False), (1, False)]


def test_a_record_that_moves_between_pages_is_there_once(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.page_size = 1
    vendor.records["entries"] = [entry("a"), entry("b"), entry("a"), entry("b", 2)]
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False), ("b", 2, False)]


def test_a_new_version_after_the_deletion_in_one_run_is_the_latest(vendor: FakeVendor, data_dir: Path) -> None:
    child = RawObject("entries", ("id",), {"id": "text", "hours": "decimal(18,4)", "of": "text"}, parent="of")
    moved = FakeVendor(child)
    moved.records["entries"] = [{"id": "c", "hours": 1, "of": "p1"}]
    moved.load()
    moved.records["entries"] = []
    moved.extra = lambda obj: [CompleteFor(["p1"]), [b'{"id":"c","hours":2,"of":"p2"}'], CompleteFor(["p2"])]
    moved.load()
    assert versions(data_dir) == [("c", 1, False), ("c", None, True), ("c", 2, False)]
    assert warehouse_rows(data_dir, LATEST) == [(2, False)]


def test_a_source_that_cannot_say_how_far_it_is_complete_says_nothing(data_dir: Path) -> None:
    silent = FakeVendor(RawObject("entries", ("id",), {"id": "text", "hours": "decimal(18,4)"}, domain="erp"))
    silent.records["entries"] = [{"id": "a", "hours": 1}]
    with mock.patch.object(silent, "server_time", return_value=None):
        silent.load()
    assert warehouse_rows(data_dir, "select complete_through, domain from {raw}.feed") == [(None, "erp")]


# --- deletions ---


def test_a_record_deleted_long_after_its_last_change_gets_one_tombstone(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    vendor.extra = lambda obj: [Deleted(["b", "never seen"])]
    vendor.load()
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False), ("b", None, True)]
    vendor.extra = lambda obj: [CompleteSet()]
    vendor.ignores_filter = True
    vendor.load()
    assert versions(data_dir)[-1] == ("b", 1, False), "what the vendor shows again is alive again"


def test_a_complete_set_deletes_the_rest(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    vendor.extra = lambda obj: [CompleteSet()]
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False), ("b", None, True)]


def test_a_broken_snapshot_changes_nothing(data_dir: Path) -> None:
    snapshot = FakeVendor(RawObject("entries", ("id",), {"id": "text", "hours": "decimal(18,4)"}, snapshot=True))
    snapshot.records["entries"] = [{"id": f"k{n:02}", "hours": n} for n in range(30)]
    snapshot.load()
    whole = snapshot.records["entries"]
    snapshot.records["entries"] = whole[:3]
    with pytest.raises(SourceError, match="entries: the vendor returned only 3 of 30 known records"):
        snapshot.load()
    assert len(versions(data_dir)) == 30
    snapshot.records["entries"] = whole[1:]
    snapshot.load()
    assert [v for v in versions(data_dir) if v[2]] == [("k00", None, True)]


# --- where a run starts ---


def test_each_run_starts_where_the_vendors_clock_stood_less_the_overlap(vendor: FakeVendor) -> None:
    for _ in range(3):
        vendor.load()
        vendor.now += timedelta(hours=1)
    first = datetime(2026, 4, 30, 12, tzinfo=UTC) - ENTRIES.overlap
    assert vendor.windows == [None, first, first + timedelta(hours=1)]


def test_a_start_date_bounds_the_first_load_only(vendor: FakeVendor) -> None:
    for _ in range(2):
        source = build_source(SYSTEM, vendor.objects, lambda: vendor, start=datetime(2026, 2, 1, tzinfo=UTC).date())
        pipelines.run(SYSTEM, source)
    assert vendor.windows == [datetime(2026, 2, 1, tzinfo=UTC), vendor.now - ENTRIES.overlap]


def test_a_run_that_fails_in_the_middle_loads_nothing_and_moves_no_cursor(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    vendor.now += timedelta(hours=1)
    vendor.page_size = 1
    vendor.records["entries"] = [entry("a", 5), entry("c", 5)]

    def refuse(obj: RawObject, page: int) -> None:
        if page == 1:
            raise PermanentError("fake: page 1 answered 403; check the permissions")

    vendor.before_page = refuse
    with pytest.raises(PermanentError, match="^fake: page 1 answered 403; check the permissions$"):
        vendor.load()
    assert len(versions(data_dir)) == 2
    vendor.before_page = lambda obj, page: None
    vendor.load()
    assert vendor.windows[1] == vendor.windows[2]
    assert ("a", 5, False) in versions(data_dir)
    assert ("c", 5, False) in versions(data_dir)


# --- what an interrupted run leaves behind ---


def interrupted(vendor: FakeVendor, *steps: str) -> Any:
    """A run that stopped after some of its steps."""
    pipeline = pipelines.pipeline_for(SYSTEM)
    with recording(SYSTEM, None, vendor.objects) as tape:
        tape.extracted(pipeline.extract(vendor.source(), loader_file_format="parquet").loads_ids[0])
    for step in steps:
        getattr(pipeline, step)()
    return pipeline


@pytest.mark.parametrize("steps", [(), ("normalize",)])
def test_a_pending_package_is_loaded_by_the_next_run(
    vendor: FakeVendor, data_dir: Path, steps: tuple[str, ...]
) -> None:
    interrupted(vendor, *steps)
    vendor.records["entries"] = [entry("c")]
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False), ("c", 1, False)]
    assert vendor.windows == [None, vendor.now - ENTRIES.overlap], "the second run starts after the first one's package"


def test_a_package_that_did_not_get_into_the_archive_is_dropped_and_read_again(
    vendor: FakeVendor, data_dir: Path
) -> None:
    pipelines.pipeline_for(SYSTEM).extract(vendor.source(), loader_file_format="parquet")
    vendor.records["entries"] = [entry("c")]
    vendor.load()
    assert versions(data_dir) == [("c", 1, False)]
    assert vendor.windows == [None, None], "the window of the lost package is read again"


def test_a_package_that_cannot_be_loaded_is_dropped_and_read_again(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    vendor.now += timedelta(hours=1)
    vendor.records["entries"].append(entry("c"))
    pipeline = interrupted(vendor, "normalize")
    (load_id,) = pipeline.list_normalized_load_packages()
    for job in pipeline.get_load_package_info(load_id).jobs["new_jobs"]:
        if job.job_file_info.table_name == "entries":
            Path(job.file_path).write_bytes(b"no parquet")
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False), ("c", 1, False)]
    assert vendor.windows[1] == vendor.windows[2], "the window of the lost package is read again"
    assert pipelines.pipeline_for(SYSTEM).has_pending_data is False


@pytest.mark.parametrize("first", [True, False])
def test_a_load_that_had_begun_is_taken_back_and_read_again(vendor: FakeVendor, data_dir: Path, first: bool) -> None:
    if not first:
        vendor.load()
    vendor.records["entries"].append(entry("c"))
    pipeline = interrupted(vendor, "normalize")
    with mock.patch.object(Load, "complete_package", side_effect=OSError("stop")), pytest.raises(PipelineStepFailed):
        pipeline.load()
    assert ("c", 1, False) in versions(data_dir), "its rows are in the warehouse already"
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False), ("c", 1, False)]
    loads = "select count(*) from {raw}.{table} where _dlt_load_id not in (select load_id from {raw}._dlt_loads)"
    for table in ("entries", "feed", "_dlt_pipeline_state"):
        assert warehouse_rows(data_dir, loads.replace("{table}", table)) == [(0,)]


def test_a_load_that_was_complete_but_not_put_away_is_not_repeated(vendor: FakeVendor, data_dir: Path) -> None:
    pipeline = interrupted(vendor, "normalize")
    put_away = mock.patch.object(LoadStorage, "complete_load_package", side_effect=OSError("stop"))
    with put_away, pytest.raises(PipelineStepFailed):
        pipeline.load()
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False)]
    assert vendor.windows == [None, vendor.now - ENTRIES.overlap]


def test_a_deleted_warehouse_is_filled_again(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    (data_dir / "warehouse.duckdb").unlink()
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False)]
    assert vendor.windows == [None, None]


def test_lost_working_files_are_restored_from_the_warehouse(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    (data_dir / "pipelines").rename(data_dir / "elsewhere")
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False)]
    assert vendor.windows == [None, vendor.now - ENTRIES.overlap]


def test_a_warehouse_that_another_program_holds_is_an_error_that_says_so(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    hold = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(data_dir / "warehouse.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdin
        holder.stdout.readline()
        with pytest.raises(SourceError, match=r"warehouse cannot be used \(.*lock.*\); close the program") as failed:
            vendor.load()
        holder.stdin.close()
    assert "\n" not in str(failed.value)
    vendor.load()


def test_a_load_that_fails_takes_its_rows_back_at_once(vendor: FakeVendor, data_dir: Path) -> None:
    """Whoever builds after a failed load must not see half of its package."""
    vendor.load()
    vendor.records["entries"].append(entry("c"))
    full = mock.patch.object(Load, "complete_package", side_effect=OSError("disk full"))
    with full, pytest.raises(SourceError, match="^fake: the load failed .*disk full.*; see the run's log$"):
        vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False)]
    vendor.load()
    assert versions(data_dir) == [("a", 1, False), ("b", 1, False), ("c", 1, False)]


# --- tables ---


def test_every_table_exists_and_is_typed_before_there_is_a_row(data_dir: Path) -> None:
    FakeVendor().load()
    types = warehouse_rows(
        data_dir,
        "select column_name, data_type from information_schema.columns where table_schema = '{raw}' "
        "and table_name = 'entries' order by ordinal_position",
    )
    assert types == [
        ("id", "VARCHAR"),
        ("hours", "DECIMAL(18,4)"),
        ("at", "TIMESTAMP WITH TIME ZONE"),
        ("_extra", "VARCHAR"),
        ("_record_hash", "BIGINT"),
        ("_is_deleted", "BOOLEAN"),
        ("_extracted_at", "TIMESTAMP WITH TIME ZONE"),
        ("_dlt_load_id", "VARCHAR"),
    ]
    for table in ("entries", "quarantine"):
        assert warehouse_rows(data_dir, "select count(*) from {raw}." + table) == [(0,)]


def test_a_newly_declared_field_widens_the_table(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    wider = RawObject("entries", ENTRIES.key, {**ENTRIES.columns, "order": "text"}, cursor="at")
    later = FakeVendor(wider)
    later.records["entries"] = [entry("a", order="first")]
    later.load()
    assert warehouse_rows(data_dir, 'select id, "order" from {raw}.entries order by id, "order" nulls first') == [
        ("a", None),
        ("a", "first"),
        ("b", None),
    ]


def test_a_changed_type_is_refused_with_one_sentence(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.load()
    other = FakeVendor(RawObject("entries", ENTRIES.key, {**ENTRIES.columns, "hours": "text"}, cursor="at"))
    other.records["entries"] = [entry("a", "one")]  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="^fake: the load failed .*hours.*; see the run's log$"):
        other.load()
    assert len(versions(data_dir)) == 2
    vendor.load()
    assert len(versions(data_dir)) == 2


def test_many_small_pages_become_few_batches(vendor: FakeVendor, data_dir: Path) -> None:
    vendor.page_size = 3
    vendor.records["entries"] = [entry(f"k{n:03}", n) for n in range(100)]
    with mock.patch("ingestion.raw.to_batch", wraps=to_batch) as converted:
        vendor.load()
        assert converted.call_count == 1
        with mock.patch("ingestion.raw.BATCH_BYTES", 1000):
            vendor.load()
        assert converted.call_count > 4
    assert len(versions(data_dir)) == 100


# --- an object that cannot be read ---


def two_objects() -> FakeVendor:
    """Entries and, read after them, projects; each has a record."""
    projects = RawObject("projects", ("id",), {"id": "text", "at": "timestamp"}, cursor="at")
    vendor = FakeVendor(ENTRIES, projects)
    vendor.records["entries"] = [entry("a"), entry("b")]
    vendor.records["projects"] = [{"id": "p", "at": "2026-05-01T00:00:00Z"}]
    return vendor


def failing(vendor: FakeVendor, name: str, error: Exception, page: int = 0) -> None:
    """From now on reading the object ``name`` fails at ``page``; a bookmark was noted before."""

    def fail(obj: RawObject, number: int) -> None:
        if obj.name == name and number == page:
            dlt.current.resource_state()["half_way"] = True
            raise error

    vendor.before_page = fail


def test_an_object_that_cannot_be_read_keeps_no_other_from_being_loaded(data_dir: Path) -> None:
    vendor = two_objects()
    vendor.load()
    vendor.now += timedelta(hours=1)
    vendor.page_size = 1
    for record in (*vendor.records["entries"], *vendor.records["projects"]):
        record["at"] = "2026-05-02T00:00:00Z"  # type: ignore[index]
    failing(vendor, "entries", PermanentError("fake: entries answered 400: no such field hours; rename it"), page=1)
    told = (
        r"^fake: 1 of 2 objects could not be read, the others are loaded: "
        r"entries \(fake: entries answered 400: no such field hours; rename it\)$"
    )
    with pytest.raises(PartialLoadError, match=told) as error:
        vendor.load()
    assert error.value.failures == {"entries": "fake: entries answered 400: no such field hours; rename it"}
    assert warehouse_rows(data_dir, "select count(*) from {raw}.projects") == [(2,)]
    feeds = "select object, count(*) from {raw}.feed group by 1 order by 1"
    assert warehouse_rows(data_dir, feeds) == [("entries", 1), ("projects", 2)], "it is complete through no later time"
    vendor.before_page = lambda obj, page: None
    vendor.load()
    _, _, failed, projects, entries_again, projects_again = vendor.windows
    assert entries_again == failed < projects_again, "the object's next reading starts where the failed one did"
    assert projects == failed
    assert [key for key, _, _ in versions(data_dir)] == ["a", "a", "b", "b"], "nothing is lost, nothing twice"
    state = pipelines.pipeline_for(SYSTEM).state["sources"][f"raw_{SYSTEM}"]["resources"]["entries"]
    assert "half_way" not in state, "what the failed reading noted is forgotten"


@pytest.mark.parametrize(
    "error", [TransientError("fake: 503, still so; run again later"), CredentialsError("fake: 401; check them")]
)
def test_a_vendor_that_is_down_or_refuses_is_not_asked_for_the_other_objects(data_dir: Path, error: Exception) -> None:
    vendor = two_objects()
    failing(vendor, "entries", error)
    with pytest.raises(type(error), match=f"^{error}$"):
        vendor.load()
    assert len(vendor.windows) == 1
    vendor.before_page = lambda obj, page: None
    vendor.load()
    assert [key for key, _, _ in versions(data_dir)] == ["a", "b"]


def test_when_no_object_can_be_read_nothing_is_loaded(data_dir: Path) -> None:
    vendor = two_objects()

    def refuse(obj: RawObject, number: int) -> None:
        raise PermanentError(f"fake: {obj.name} is forbidden; grant access")

    vendor.before_page = refuse
    with pytest.raises(PermanentError, match="^fake: none of 2 objects could be read: fake: entries .*; fake: proj"):
        vendor.load()
    assert pipelines.pipeline_for(SYSTEM).has_pending_data is False
    vendor.before_page = lambda obj, page: None
    vendor.load()
    assert vendor.windows == [None] * 4
    assert warehouse_rows(data_dir, "select count(*) from {raw}.feed") == [(2,)]


def test_an_object_whose_records_lost_their_key_fails_and_is_read_again(data_dir: Path) -> None:
    vendor = two_objects()
    vendor.load()
    vendor.records["entries"] = [{"hours": 1, "number": "a", "at": "2026-05-02T00:00:00Z"}]
    vendor.now += timedelta(hours=1)
    with pytest.raises(
        PartialLoadError, match=r"entries \(fake: none of the 1 records of entries has id, .* quarantine"
    ):
        vendor.load()
    assert warehouse_rows(data_dir, "select object, reason from {raw}.quarantine") == [("entries", "record has no id")]
    vendor.records["entries"] = [entry("a", 2)]
    vendor.load()
    assert ("a", 2, False) in versions(data_dir)
    assert vendor.windows[4] == vendor.windows[2]


def test_everything_can_be_asked_for_again(vendor: FakeVendor, data_dir: Path) -> None:
    """What the vendor changed without saying so, behind the cursor, is found; what raw holds is not appended twice."""
    vendor.records["entries"] = [entry("a"), entry("b", at="2026-04-01T00:00:00Z")]
    vendor.load()
    vendor.records["entries"][1] = entry("b", 2, at="2026-04-01T00:00:00Z")
    vendor.load()
    assert vendor.windows[-1] is not None
    pipelines.run(SYSTEM, vendor.source(), whole=True)
    assert vendor.windows[-1] is None
    rows = "select id, hours from {raw}.entries order by _extracted_at, id"
    assert warehouse_rows(data_dir, rows) == [("a", 1), ("b", 1), ("b", 2)]
    vendor.load()
    assert vendor.windows[-1] is not None, "the next load goes on from there"
