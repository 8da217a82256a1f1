"""What orchestration calls: the pipeline and the source of one system, and a run of both.

Each system has its own pipeline and its own raw schema, so that one vendor's failure, state and load packages
never touch another's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.common.storages.load_package import LoadPackageInfo
from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed

from ingestion.config import settings
from ingestion.http.errors import SourceError


def pipeline_for(system: str) -> dlt.Pipeline:
    """The dlt pipeline of ``system`` on the configured warehouse; its working files live under the data directory."""
    conf = settings()
    conf.data_dir.mkdir(parents=True, exist_ok=True)
    # dlt adds no load id to Arrow tables unless asked; the load id says which run brought a row.
    dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True
    dlt.config["runtime.dlthub_telemetry"] = False
    # Objects are read one after the other: children of a system are fetched for the parents read before them.
    dlt.config["extract.next_item_mode"] = "fifo"
    dlt.config["extract.workers"] = 1
    # Raw holds every version; dlt would keep a second copy of everything it ever loaded.
    dlt.config["load.delete_completed_jobs"] = True
    # A table's rows come in one file: a second thread costs half as much CPU again and hardly saves time. Raw needs no
    # order of rows, and keeping it costs a tenth.
    credentials = DuckDbCredentials(str(conf.warehouse_path))
    credentials.global_config = {"threads": 1, "preserve_insertion_order": False}
    return dlt.pipeline(
        pipeline_name=f"raw_{system}",
        pipelines_dir=str(conf.data_dir / "pipelines"),
        destination=dlt.destinations.duckdb(credentials),
        dataset_name=f"raw_{system}",
    )


def source_for(system: str) -> DltSource:
    """The dlt source of ``system`` with all its objects; credentials are resolved when it is read, not here."""
    source: DltSource = import_module(f"ingestion.sources.{system}").source()
    return source


def settle(pipeline: dlt.Pipeline) -> None:
    """Finish what an interrupted run left behind, so that the next run starts from loaded data.

    A package that was extracted is loaded. One whose load had begun, or that cannot be loaded, is taken back: its rows
    leave the warehouse, the cursors return to those of the last completed load, and the next run reads its records
    from the vendor again. So nothing is lost, and nothing is there twice. The same return happens when the working
    files know of a load that the warehouse does not hold, because the warehouse was deleted or restored.
    Raises SourceError, and changes nothing, when the warehouse cannot be opened.
    """
    pending = [pipeline.get_load_package_info(load_id) for load_id in pipeline.list_normalized_load_packages()]
    if any(map(_has_begun, pending)) or not _holds_last_load(pipeline):
        _take_back(pipeline, pending)
    if not pipeline.has_pending_data:
        return
    try:
        pipeline.normalize()
        pipeline.load()
    except PipelineStepFailed:
        _take_back(pipeline, map(pipeline.get_load_package_info, pipeline.list_normalized_load_packages()))


def run(system: str, source: DltSource | None = None) -> LoadInfo:
    """Read what is new in ``system`` and append it to raw; raises SourceError with one sentence."""
    pipeline = pipeline_for(system)
    settle(pipeline)
    try:
        return pipeline.run(source or source_for(system), loader_file_format="parquet")
    except PipelineStepFailed as failure:
        raise source_error(system, failure) from failure


def source_error(system: str, failure: BaseException) -> SourceError:
    """The sentence behind a failed step: the source's own error if there is one, else the root cause's first line."""
    causes = list(_causes(failure))
    own = next((cause for cause in causes if isinstance(cause, SourceError)), None)
    return own or SourceError(f"{system}: the load failed ({_first_line(causes[-1])}); see the run's log")


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """``failure`` and what it was raised from, the root last."""
    cause: BaseException | None = failure
    while cause is not None:
        yield cause
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
