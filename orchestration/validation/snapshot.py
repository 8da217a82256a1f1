"""The published register as one reader sees it: opened once per publication, followed when the next one is swapped in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from orchestration.publications import DATABASE

Row = dict[str, Any]


class NotAvailableError(RuntimeError):
    """There is no published register that could be asked; the message says what to do."""


@dataclass(frozen=True)
class Feed:
    """How far a domain's data reaches; ``status`` is that of its worst object: fresh, stale or never_loaded."""

    domain: str
    system: str
    status: Literal["fresh", "stale", "never_loaded"]
    complete_through: datetime | None


@dataclass(frozen=True)
class Register:
    """One publication. ``rules`` maps ``schema.table`` to the SQL that made it."""

    connection: duckdb.DuckDBPyConnection
    run_id: str
    published_at: datetime
    as_of: date
    feeds: dict[str, Feed]
    rules: dict[str, str]


class Reader:
    """Queries of one publication, in a session of its own: what one question supposes no other one sees."""

    def __init__(self, register: Register, session: duckdb.DuckDBPyConnection) -> None:
        self.register = register
        self.session = session

    def rows(self, sql: str, parameters: Row | None = None) -> list[Row]:
        """The result as dictionaries; ``$name`` in the SQL is a parameter."""
        cursor = self.session.execute(sql, parameters or {})
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

    def row(self, sql: str, parameters: Row | None = None) -> Row | None:
        """The only row of the result, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None


class Snapshot:
    """Follows ``<folder>/leakage.duckdb``. Thread-safe; a question that has begun keeps the publication it began with."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / DATABASE
        self._lock = threading.Lock()
        self._opened: tuple[tuple[int, int, int], Register] | None = None

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A reader of the newest publication; raises NotAvailableError when there is none."""
        register = self._newest()
        session = register.connection.cursor()
        try:
            session.execute("use published")
            session.execute("set timezone = 'UTC'")
            yield Reader(register, session)
        finally:
            session.close()

    def _newest(self) -> Register:
        with self._lock:
            try:
                stat = self._path.stat()
            except FileNotFoundError:
                raise NotAvailableError("nothing was published yet; run `leakage run` first") from None
            version = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if self._opened is None or self._opened[0] != version:
                self._opened = version, _open(self._path)
            return self._opened[1]


def _open(path: Path) -> Register:
    # In memory, with the file attached: temporary tables never touch the copy. The previous publication closes with its
    # last session.
    connection = duckdb.connect()
    quoted = str(path).replace("'", "''")
    try:
        connection.execute("set timezone = 'UTC'")
        # A question reads few rows in many steps: a second thread only sets every step up once more.
        connection.execute("set threads = 1")
        connection.execute(f"attach '{quoted}' as published (read_only)")
        connection.execute("use published")
        reader = Reader(Register(connection, "", datetime.min, date.min, {}, {}), connection)
        run = reader.row("select run_id, published_at from main.published_run")
        feeds = reader.rows(
            "select source_domain as domain, min(source_system) as system,"
            " case when bool_or(status = 'never_loaded') then 'never_loaded'"
            " when bool_or(status <> 'fresh') then 'stale' else 'fresh' end as status,"
            " case when count(*) = count(complete_through) then min(complete_through) end as complete_through,"
            " min(as_of_date) as as_of from marts.operations__feed_health group by source_domain order by source_domain"
        )
        rules = reader.rows("select relation, sql from main.published_rules")
    except duckdb.Error as error:
        reason = next(iter(str(error).splitlines()), "unknown")
        raise NotAvailableError(f"the published register cannot be read ({reason}); run `leakage run` again") from None
    if run is None or not feeds:
        raise NotAvailableError("the published register was built without any system; connect one and run again")
    return Register(
        connection=connection,
        run_id=run["run_id"],
        published_at=run["published_at"],
        as_of=min(feed["as_of"] for feed in feeds),
        feeds={
            feed["domain"]: Feed(feed["domain"], feed["system"], feed["status"], _utc(feed["complete_through"]))
            for feed in feeds
        },
        rules={rule["relation"]: rule["sql"] for rule in rules},
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
