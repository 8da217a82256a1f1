"""What orchestration calls: the pipeline and the source of one system, and a run of both.

Each system has its own pipeline and its own raw schema, so that one vendor's failure, state and load packages
never touch another's. Loads of different systems may run at the same time, in threads or in processes: they take turns
at the warehouse, which a load needs only to look up what raw holds and to append its package.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from threading import Lock

import dlt
from dlt.common.pipeline import ExtractInfo, LoadInfo
from dlt.common.storages.load_package import LoadPackageInfo
from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed
from filelock import FileLock, Timeout

from ingestion.archive.head import keep_head
from ingestion.archive.recording import holds, recording
from ingestion.config import settings
from ingestion.http.errors import PartialLoadError, PermanentError, SourceError, TransientError
from ingestion.raw import FAILURE, FEED_SCHEMA, QUARANTINE_SCHEMA, side_table
from ingestion.registry import EVENTS, SYSTEMS
from ingestion.warehouse import exclusive

# Loads of several systems begin at the same moment.
_CONFIGURING = Lock()


class BeingLoadedError(TransientError):
    """Another run is loading the system."""


def pipeline_for(system: str) -> dlt.Pipeline:
    """The dlt pipeline of ``system`` on the configured warehouse; its working files live under the data directory."""
    conf = settings()
    conf.data_dir.mkdir(parents=True, exist_ok=True)
    with _CONFIGURING:
        _configure()
    credentials = DuckDbCredentials(str(conf.warehouse_path))
    # A table's rows come in one file: a second thread costs half as much CPU again and hardly saves time. Raw needs no
    # order of rows, and keeping it costs a tenth.
    credentials.global_config = {"threads": 1, "preserve_insertion_order": False}
    return dlt.pipeline(
        pipeline_name=f"raw_{system}",
        pipelines_dir=str(conf.data_dir / "pipelines"),
        destination=dlt.destinations.duckdb(credentials),
        dataset_name=f"raw_{system}",
    )


def _configure() -> None:
    """Tell dlt how every pipeline works. Its settings are one document of the process, which two threads at once spoil."""
    # dlt adds no load id to Arrow tables unless asked; the load id says which run brought a row.
    dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True
    dlt.config["runtime.dlthub_telemetry"] = False
    # Objects are read one after the other: children of a system are fetched for the parents read before them.
    dlt.config["extract.next_item_mode"] = "fifo"
    dlt.config["extract.workers"] = 1
    # Raw holds every version; dlt would keep a second copy of everything it ever loaded.
    dlt.config["load.delete_completed_jobs"] = True


def source_for(system: str) -> DltSource:
    """The dlt source of ``system`` with all its objects; credentials are resolved when it is read, not here."""
    source: DltSource = import_module(f"ingestion.sources.{system}").source()
    return source


def run(
    system: str, source: DltSource | None = None, objects: Collection[str] = (), *, whole: bool = False
) -> LoadInfo:
    """Read what is new in ``system`` and append it to raw; ``objects`` names the raw objects to read, none means all.

    ``whole`` asks for everything again, as the first load did; raw takes what it does not hold yet.

    Raises SourceError with one sentence; nothing was appended then, and the next run starts where this one did. The
    exception is PartialLoadError: the objects that it names start where they did, all others are loaded.
    """
    pipeline = pipeline_for(system)
    source = source or source_for(system)
    if objects:
        source = source.with_resources(*objects)
    names = list(source.selected_resources)
    warehouse = settings().warehouse_path
    with ExitStack() as load:
        try:
            with exclusive(warehouse):
                # Claimed with the warehouse in hand: to whoever has it, a system is either free or settled.
                load.enter_context(right_to_load(system))
                settle(pipeline)
                pipeline.sync_destination()
                last = _last_load(pipeline)
            tape = load.enter_context(recording(system, last, names, whole=whole))
            extracted = pipeline.extract(source, loader_file_format="parquet")
            failures = _failures(extracted)
            if len(failures) == len(names) > 0:
                pipeline.drop_pending_packages()
                raise _failed_whole(system, failures)
            tape.extracted(extracted.loads_ids[0])
            pipeline.normalize()
            with exclusive(warehouse):
                loaded = _append(pipeline)
                if (head := tape.loaded()) is not None:
                    keep_head(pipeline, system, head)
        except PipelineStepFailed as failure:
            raise source_error(system, failure) from failure
    if failures:
        raise PartialLoadError(system, failures, len(names))
    return loaded


def prepare(systems: Iterable[str]) -> None:
    """Make raw ready to be built from, whatever became of the loads; the caller has the warehouse to itself.

    What an interrupted load left behind is finished or taken back. Every declared table exists afterwards, typed and
    empty where a system was never read. Raises SourceError when the warehouse cannot be opened.
    """
    for system in systems:
        pipeline = pipeline_for(system)
        # A load that is running has settled what there was before it.
        with suppress(BeingLoadedError), right_to_load(system):
            settle(pipeline)
        _create_missing_tables(pipeline, system)


def settle(pipeline: dlt.Pipeline) -> None:
    """Finish what an interrupted run left behind, so that the next run starts from loaded data.

    A package that was extracted is loaded. One whose load had begun, that cannot be loaded, or whose answers did not get
    into the archive is taken back: its rows leave the warehouse, the cursors return to those of the last completed load,
    and the next run reads its records from the vendor again. So nothing is lost, and nothing is there twice. The same
    return happens when the working files know of a load that the warehouse does not hold, because the warehouse was
    deleted or restored. Raises SourceError, and changes nothing, when the warehouse cannot be opened.
    """
    system = pipeline.pipeline_name.removeprefix("raw_")
    pending = [pipeline.get_load_package_info(load_id) for load_id in pipeline.list_normalized_load_packages()]
    is_lost = any(map(_has_begun, pending)) or not _holds_last_load(pipeline)
    if is_lost or not all(holds(system, load_id) for load_id in pipeline.list_extracted_load_packages()):
        _take_back(pipeline, pending)
    if not pipeline.has_pending_data:
        return
    try:
        pipeline.normalize()
        pipeline.load()
    except PipelineStepFailed:
        _take_back(pipeline, map(pipeline.get_load_package_info, pipeline.list_normalized_load_packages()))


@contextmanager
def right_to_load(system: str) -> Iterator[None]:
    """The right to load ``system``, which one run at a time has; raises BeingLoadedError when another has it."""
    folder = settings().data_dir / "pipelines"
    folder.mkdir(parents=True, exist_ok=True)
    turn = FileLock(folder / f"raw_{system}.lock")
    try:
        turn.acquire(timeout=0)
    except Timeout:
        raise BeingLoadedError(f"{system}: it is being loaded already; wait for that load to end") from None
    try:
        yield
    finally:
        turn.release()


def _append(pipeline: dlt.Pipeline) -> LoadInfo:
    """Load the extracted package as a whole: when it fails, its rows leave again before anybody builds on half of it."""
    try:
        return pipeline.load()
    except PipelineStepFailed:
        _take_back(pipeline, map(pipeline.get_load_package_info, pipeline.list_normalized_load_packages()))
        raise


def _failures(extracted: ExtractInfo) -> dict[str, str]:
    """Why objects could not be read, by object (see ``raw_resource``)."""
    resources = (step["resource_metrics"] for steps in extracted.metrics.values() for step in steps)
    metrics = {name: found.custom_metrics for step in resources for name, found in step.items()}
    return {name: found[FAILURE] for name, found in metrics.items() if FAILURE in found}


def _failed_whole(system: str, failures: Mapping[str, str]) -> PermanentError:
    sentences = list(dict.fromkeys(failures.values()))
    if len(sentences) == 1:
        return PermanentError(sentences[0])
    return PermanentError(f"{system}: none of {len(failures)} objects could be read: {'; '.join(sentences)}")


def _create_missing_tables(pipeline: dlt.Pipeline, system: str) -> None:
    """Create the declared raw tables that do not exist, exactly as a load that brings no row creates them."""
    spec = EVENTS if system == EVENTS.name else SYSTEMS[system]
    declared = {obj.name: obj.schema for obj in spec.objects.values()}
    declared |= {"feed": FEED_SCHEMA, "quarantine": QUARANTINE_SCHEMA}
    found = existing_tables(pipeline)
    missing = [side_table(schema.empty_table(), name) for name, schema in declared.items() if name not in found]
    if not missing:
        return
    # Of its own: the cursors, state and packages of the system's pipeline stay as they are.
    with tempfile.TemporaryDirectory() as folder:
        empty = dlt.pipeline(
            f"{pipeline.pipeline_name}_tables",
            pipelines_dir=folder,
            destination=pipeline.destination,
            dataset_name=pipeline.dataset_name,
        )
        empty.config.restore_from_destination = False
        empty.run(dlt.resource(missing, name="tables"), loader_file_format="parquet")


def existing_tables(pipeline: dlt.Pipeline) -> set[str]:
    """The tables of the pipeline's raw schema; the caller has the warehouse to itself."""
    with pipeline.sql_client() as client:
        sql = "select table_name from information_schema.tables where table_schema = %s"
        return {row[0] for row in client.execute_sql(sql, pipeline.dataset_name) or []}


def source_error(system: str, failure: BaseException) -> SourceError:
    """The sentence behind a failed step: the source's own error if there is one, else the root cause's first line."""
    causes = list(_causes(failure))
    own = next((cause for cause in causes if isinstance(cause, SourceError)), None)
    return own or SourceError(f"{system}: the load failed ({_first_line(causes[-1])}); see the run's log")


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """``failure`` and what it was raised from, the root last."""
    # A source's own error is raised again from the step that it made fail: the chain closes to a circle.
    seen: set[int] = set()
    cause: BaseException | None = failure
    while cause is not None and id(cause) not in seen:
        yield cause
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__


def _first_line(error: BaseException) -> str:
    lines = (line.strip() for line in str(error).splitlines())
    return next(filter(None, lines), type(error).__name__)[:300]


def _has_begun(package: LoadPackageInfo) -> bool:
    """Whether rows of it may be in the warehouse: a killed load leaves it open which of its jobs were committed."""
    return any(jobs for state, jobs in package.jobs.items() if state != "new_jobs")


def _holds_last_load(pipeline: dlt.Pipeline) -> bool:
    """Whether the warehouse has the load that the working files take for the last one."""
    completed = sorted(pipeline.list_completed_load_packages(), key=float, reverse=True)
    last = next((load_id for load_id in completed if pipeline.get_load_package_info(load_id).state == "loaded"), None)
    return last is None or last in _completed_loads(pipeline)


def _take_back(pipeline: dlt.Pipeline, pending: Iterable[LoadPackageInfo]) -> None:
    completed = _completed_loads(pipeline)
    for package in pending:
        if package.load_id not in completed:
            tables = {job.job_file_info.table_name for jobs in package.jobs.values() for job in jobs}
            for table in sorted(tables):
                _execute(pipeline, table, "delete from {table} where _dlt_load_id = %s", package.load_id)
    pipeline.drop()
    pipeline.sync_destination()


def _last_load(pipeline: dlt.Pipeline) -> str | None:
    """The last load that the warehouse holds."""
    sql = "select max(load_id) from {table} where status = 0 and schema_name = %s"
    rows = _execute(pipeline, "_dlt_loads", sql, pipeline.dataset_name)
    return rows[0][0] if rows else None


def _completed_loads(pipeline: dlt.Pipeline) -> set[str]:
    return {row[0] for row in _execute(pipeline, "_dlt_loads", "select load_id from {table} where status = 0")}


def _execute(pipeline: dlt.Pipeline, table: str, sql: str, *parameters: str) -> list[tuple[str, ...]]:
    """Run one statement on a table of the raw schema; nothing happens when the table does not exist yet."""
    try:
        with pipeline.sql_client() as client:
            statement = sql.format(table=client.make_qualified_table_name(table))
            with client.execute_query(statement, *parameters) as cursor:
                return list(cursor.fetchall())
    except DatabaseUndefinedRelation:
        return []
    except Exception as failure:
        # Whatever the driver raises here (a lock, no permission, a damaged file), the remedy is the same.
        raise SourceError(
            f"{pipeline.pipeline_name}: the warehouse cannot be used ({_first_line(list(_causes(failure))[-1])}); "
            "close the program that holds it open or restore the file, then run again"
        ) from failure
