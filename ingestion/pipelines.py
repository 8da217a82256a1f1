"""What orchestration calls: the pipeline and the source of one system, and a run of both.

Each system has its own pipeline and its own raw schema, so that one vendor's failure, state and load packages
never touch another's.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import dlt
from dlt.common.pipeline import LoadInfo
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
    return dlt.pipeline(
        pipeline_name=f"raw_{system}",
        pipelines_dir=str(conf.data_dir / "pipelines"),
        destination=dlt.destinations.duckdb(str(conf.warehouse_path)),
        dataset_name=f"raw_{system}",
    )


def source_for(system: str) -> DltSource:
    """The dlt source of ``system`` with all its objects; credentials are resolved when it is read, not here."""
    source: DltSource = import_module(f"ingestion.sources.{system}").source()
    return source


def settle(pipeline: dlt.Pipeline) -> None:
    """Finish what an interrupted run left behind, so that the next run starts from loaded data.

    Extracted packages are loaded. A package that cannot be loaded is aborted and the cursors go back to those of
    the last completed load: its records are read from the vendor again, so nothing is lost.
    """
    if not pipeline.has_pending_data:
        return
    try:
        pipeline.normalize()
        pipeline.load()
    except PipelineStepFailed:
        pipeline.abort_packages()
        pipeline.drop()
        pipeline.sync_destination()


def run(system: str, source: DltSource | None = None) -> LoadInfo:
    """Read what is new in ``system`` and append it to raw; raises SourceError with one sentence."""
    pipeline = pipeline_for(system)
    settle(pipeline)
    try:
        return pipeline.run(source or source_for(system), loader_file_format="parquet")
    except PipelineStepFailed as failure:
        raise source_error(system, failure) from failure


def source_error(system: str, failure: BaseException) -> SourceError:
    """The sentence behind a failed step: the source's own error if there is one, else what dlt says."""
    cause: Any = failure
    while cause is not None:
        if isinstance(cause, SourceError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return SourceError(f"{system}: the load failed ({str(failure).splitlines()[-1][:300]}); see the run's log")
