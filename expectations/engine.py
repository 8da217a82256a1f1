"""Great Expectations on the embedded warehouse: the one place that knows how it is opened, asked and closed.

The work is pushed down: an expectation becomes SQL that runs in DuckDB, rows never come into Python. The warehouse is
opened read-only and every connection is closed when the suites are done, so that the next writer finds no lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.report import Outcome, Report
from ingestion.warehouse import exclusive

if TYPE_CHECKING:
    from great_expectations.data_context import AbstractDataContext

EXAMPLES = 5


class _Dialect(StrEnum):
    DUCKDB = "duckdb"


@dataclass(frozen=True)
class Suite:
    """Expectations on the rows of one query.

    ``expectations`` gets the module ``great_expectations.expectations`` and returns expectation objects; each carries
    a ``description``, the sentence that people read when it fails, and a ``severity``: critical stops what depends on
    the data, warning is only shown.
    """

    name: str
    query: str
    expectations: Callable[[Any], Sequence[Any]]
    description: str = ""


def validate(warehouse: Path, suites: Sequence[Suite]) -> list[Report]:
    """Run ``suites`` on the database file ``warehouse``, one report each, in their order.

    A table that does not exist, a query that fails and an expectation that cannot be computed are failures of the
    suite, never exceptions: data that is not there does not pass. Raises WarehouseBusyError when the warehouse does not
    become free.
    """
    if not warehouse.exists():
        sentence = f"there is no warehouse at {warehouse}; load the raw data first"
        return [Report(s.name, (Outcome("data_is_there", False, "critical", sentence),), {}) for s in suites]
    # Great Expectations keeps its context in a global, so suites of two threads must not run at the same time either.
    with exclusive(warehouse), _datasource(warehouse) as (context, source):
        return [_run(context, source, suite) for suite in suites]


def keep_connection_open() -> None:
    """Tell Great Expectations to read results before it closes the connection, as it does for SQLite.

    DuckDB drops a result with its connection; without this every expectation fails with "list index out of range".
    The constant is private to Great Expectations: a test fails when an upgrade changes it.
    """
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    if _Dialect.DUCKDB not in engine._PERSISTED_CONNECTION_DIALECTS:
        engine._PERSISTED_CONNECTION_DIALECTS += (_Dialect.DUCKDB,)  # type: ignore[assignment]


@contextmanager
def _datasource(warehouse: Path) -> Iterator[tuple[AbstractDataContext, Any]]:
    # Read when the library is first imported: no usage statistics leave this machine.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    keep_connection_open()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_sql(
        "warehouse", connection_string=f"duckdb:///{warehouse}", kwargs={"connect_args": {"read_only": True}}
    )
    try:
        yield context, source
    finally:
        _close(source)


def _close(source: Any) -> None:
    """Close both engines that Great Expectations opens: one to look at the schema, one to compute."""
    engine = source.get_execution_engine()
    if engine._connection is not None:
        engine._connection.close()
    engine.close()
    source.get_engine().dispose()


def _run(context: AbstractDataContext, source: Any, suite: Suite) -> Report:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    # A query rather than a table: for a table the whole catalogue is reflected, which costs more than the checks.
    batch = source.add_query_asset(suite.name, query=suite.query).add_batch_definition_whole_table("all")
    expected = context.suites.add(gx.ExpectationSuite(suite.name, expectations=list(suite.expectations(gxe))))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=suite.name, data=batch, suite=expected)
    )
    result = definition.run(
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": EXAMPLES}  # type: ignore[typeddict-item]
    )
    if reason := _unreadable(result):
        sentence = f"what {suite.name} looks at cannot be read ({reason}); load and build it first"
        return Report(suite.name, (Outcome("data_is_there", False, "critical", sentence),), result.to_json_dict())
    return Report(suite.name, tuple(_outcome(r) for r in result.results), result.to_json_dict())


def _unreadable(result: Any) -> str | None:
    """Why not a single expectation could be computed, if so: the table is absent, or the query does not run."""
    if result.results and all(not r.result for r in result.results):
        return _exception(result.results[0].exception_info)
    return None


def _outcome(result: Any) -> Outcome:
    config = result.expectation_config
    severity = str(getattr(config.severity, "value", config.severity))
    description = config.description or f"{config.type} {config.kwargs.get('column', '')}".strip()
    if result.success:
        return Outcome(config.type, True, severity, description)
    return Outcome(config.type, False, severity, f"{description}: {_observed(result)}")


def _observed(result: Any) -> str:
    """What was seen instead, in a few words."""
    found = result.result
    if not found:
        return f"could not be computed ({_exception(result.exception_info)})"
    if "unexpected_count" in found:
        examples = ", ".join(str(v) for v in found.get("partial_unexpected_list") or [])
        count = f"{found['unexpected_count']} of {found.get('element_count', '?')} rows differ"
        return f"{count}, for example {examples}" if examples else count
    if result.expectation_config.type == "unexpected_rows_expectation":
        return f"{found.get('observed_value')} rows differ"
    return f"got {found.get('observed_value')}"


def _exception(info: dict[str, Any]) -> str:
    messages = [
        info.get("exception_message"),
        *(v.get("exception_message") for v in info.values() if isinstance(v, dict)),
    ]
    text = next((m for m in messages if m), "no reason given")
    return str(text).splitlines()[0][:200]
