"""A past day built again from the raw log of changes: what the register said, or would have said, beside the live one.

A replay has two clocks. ``as_of`` is the business date of its verdicts. ``known_at`` is the moment whose knowledge it uses:
only what had been recorded by then is copied, so nothing of a later day can leak into it, be it a vendor's record, how far
a feed reached, what had happened to a finding, or what a person had decided. Rules and policies are those of the project
as it is now; policies hold by their dates.
"""

from __future__ import annotations

import re
import shutil
import time as clock
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from ingestion import pipelines
from ingestion.config import ConfigurationError, Settings, settings
from ingestion.http.errors import SourceError
from ingestion.registry import EVENTS
from ingestion.warehouse import exclusive
from orchestration.environment import environment
from orchestration.lib.dbt_runtime import build_models, published_texts
from orchestration.policies import require_valid
from orchestration.publish import publish
from orchestration.register import REPLAY_NAME


class ReplayError(RuntimeError):
    """The past day could not be built; nothing was written. The message is one sentence."""


@dataclass(frozen=True)
class Replay:
    """A past day that was built again; ``database`` holds canonical, ledger and marts like the published copy."""

    name: str
    as_of: date
    known_at: datetime
    database: Path
    seconds: float


def replay(
    as_of: date, known_at: datetime | None = None, name: str | None = None, say: Callable[[str], None] = lambda _: None
) -> Replay:
    """Build ``as_of`` as known at ``known_at`` (UTC; None = the end of that day) into ``<data_dir>/replays/<name>``.

    The live warehouse is read while nobody writes it and never written. A replay of the same name is replaced as a whole,
    once the new one is complete. ``say`` hears what is being done. Raises ConfigurationError for what cannot be asked
    (a bad name, nothing loaded by then, a policy that cannot be used) and ReplayError when the build or its tests fail.
    """
    started = clock.monotonic()
    conf = settings()
    name = as_of.isoformat() if name is None else name
    if not re.fullmatch(REPLAY_NAME, name):
        raise ConfigurationError(f"--name: {name!r} is not a name of letters, digits, '-', '_' and '.'")
    if not conf.warehouse_path.exists():
        raise ConfigurationError(
            f"{conf.data_dir}: nothing was loaded here yet; type `leakage demo` or `leakage run` first"
        )
    require_valid()
    moment = (known_at or datetime.combine(as_of + timedelta(days=1), time(), UTC)).astimezone(UTC)
    known = moment.replace(tzinfo=None).isoformat(" ")
    with _workshop(conf.replays_dir / f".{name}") as folder:
        say(f"copying what was known at {known} UTC")
        _copy(conf, folder / conf.warehouse_path.name, as_of, known)
        variables = {"LEAKAGE_DATA_DIR": str(folder), "LEAKAGE_AS_OF": as_of.isoformat(), "LEAKAGE_KNOWN_AT": known}
        # dbt's files belong to the replay too, wherever those of the live runs are.
        with environment({**variables, "DBT_TARGET_PATH": None}):
            say(f"building and checking {as_of}")
            pipelines.prepare([*dict.fromkeys(conf.systems.values()), EVENTS.name])
            if failed := build_models(with_tests=True):
                raise ReplayError("; ".join(failed))
            say(f"publishing it as {name}")
            done = publish(folder / conf.warehouse_path.name, conf.replays_dir / name, name, published_texts())
    return Replay(name, as_of, moment, done.database, round(clock.monotonic() - started, 1))


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """An empty folder to build in, gone afterwards; what a killed replay left there goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(conf: Settings, target: Path, as_of: date, known: str) -> None:
    """Copy what had been recorded at ``known`` (UTC): raw of the enabled systems and their loads, findings, decisions."""
    live = "live"
    schemas = [f"raw_{system}" for system in (*dict.fromkeys(conf.systems.values()), EVENTS.name)]
    by_then = {
        ("control", "finding_decision"): "decided_at <= cast(? as timestamp) and as_of_date <= cast(? as date)",
        ("control", "exception_decision"): "decided_at <= cast(? as timestamp) and as_of_date <= cast(? as date)",
        ("control", "load_attempt"): "ended_at <= cast(? as timestamp)",
        ("marts", "leakage__finding_events"): "recorded_at <= cast(? as timestamp) and as_of_date <= cast(? as date)",
    }
    try:
        with exclusive(conf.warehouse_path), duckdb.connect(str(target)) as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(
                f"attach '{str(conf.warehouse_path).replace(chr(39), chr(39) * 2)}' as {live} (read_only)"
            )
            raw = connection.execute(
                "select schema_name, table_name from duckdb_columns() where database_name = ? and column_name = "
                "'_extracted_at' and list_contains(?, schema_name) order by 1, 2",
                [live, schemas],
            ).fetchall()
            present = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = ?", [live]
            ).fetchall()
            _refuse_ignorance(
                connection,
                live,
                [table for table in raw if table[1] == "feed" and table[0] != f"raw_{EVENTS.name}"],
                known,
            )
            for schema, table in [*raw, *(table for table in by_then if table in present)]:
                condition = by_then.get((schema, table), "_extracted_at <= cast(? as timestamp)")
                connection.execute(f"create schema if not exists {schema}")
                connection.execute(
                    f'create table {schema}."{table}" as select * from {live}.{schema}."{table}" where {condition}',
                    [known, as_of.isoformat()][: condition.count("?")],
                )
            connection.execute(f"detach {live}")
    except SourceError as busy:
        raise ConfigurationError(str(busy)) from None
    except duckdb.IOException:
        raise ConfigurationError(
            f"{conf.warehouse_path}: another program has it open; close that and try again"
        ) from None


def _refuse_ignorance(
    connection: duckdb.DuckDBPyConnection, live: str, feeds: list[tuple[str, str]], known: str
) -> None:
    """Raise ConfigurationError when nothing had been loaded by then: an empty register would say that all is well."""
    loads = [connection.execute(f"select min(_extracted_at) from {live}.{s}.{t}").fetchone() for s, t in feeds]
    first = min((row[0] for row in loads if row and row[0]), default=None)
    if feeds and (first is None or first.astimezone(UTC).replace(tzinfo=None) > datetime.fromisoformat(known)):
        since = (
            f"the first load was at {first.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if first else "nothing was ever loaded"
        )
        raise ConfigurationError(f"nothing had been loaded by {known} UTC ({since}); give a later --known-at")
