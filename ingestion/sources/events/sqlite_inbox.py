"""The embedded inbox: SQLite with a write-ahead log that is flushed to disk at every commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingestion.sources.events.inbox import (
    CLAIM_BYTES,
    CLAIM_EVENTS,
    COLUMNS,
    LEASE,
    PIECE_ROWS,
    Backlog,
    InboxError,
    Received,
    impostor,
    in_order,
)

BUSY_SECONDS = 30.0

# A trigger enters new events into the queue: what is in the log and was never drained cannot be missing there.
_SCHEMA = """
create table if not exists event (
  seq integer primary key autoincrement,
  source text not null, event_id text not null, type text, subject text, occurred_at text, received_at text not null,
  correlation_id text, scheme text not null, key_id text not null, content_type text not null, headers text not null,
  payload blob not null, fingerprint text not null, quarantine_reason text,
  unique (source, event_id)
);
create table if not exists pending (
  seq integer primary key references event (seq), size integer not null, drainer text, taken_until text
);
create index if not exists pending_drainer on pending (drainer);
create index if not exists pending_taken_until on pending (taken_until) where taken_until is not null;
create index if not exists event_received_at on event (received_at);
create trigger if not exists event_pending after insert on event
  begin insert into pending (seq, size) values (new.seq, length(new.payload)); end;
"""
_LIST = ", ".join(COLUMNS)
_INSERT = f"insert into event ({_LIST}) values ({', '.join('?' * len(COLUMNS))}) on conflict do nothing"
_EXPIRE = "update pending set drainer = null, taken_until = null where taken_until < ?"
# The running size bounds what is taken; the first event is taken whatever its size.
_CLAIM = """
update pending set drainer = :drainer, taken_until = :until where seq in (
  select seq from (
    select seq, sum(size) over (order by seq) - size as before
    from (select seq, size from pending where drainer is null order by seq limit :limit)
  ) where before < :bytes
) returning seq
"""
_ACK = "delete from pending where seq in (select seq from pending where drainer = ? limit ?)"
_PURGE = """
delete from event where seq in (
  select seq from event where received_at < ? and seq not in (select seq from pending) limit ?
)
"""


class SqliteInbox:
    """An inbox in one file, which several processes of one machine may share."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Transactions are begun by hand; the gateway opens in one thread and writes in another.
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            path.chmod(0o600)
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = full")
            self._db.executescript(_SCHEMA)

    def append(self, events: Sequence[Received]) -> int:
        ordered = in_order(events)
        with self._writing():
            added = self._insert(ordered)
            if added < len(ordered):
                added += self._insert([impostor(event) for event in ordered if self._is_other(event)])
        return added

    def claim(self, drainer: str, limit: int = CLAIM_EVENTS, max_bytes: int = CLAIM_BYTES) -> list[Received]:
        now = datetime.now(UTC)
        values = {"drainer": drainer, "until": _text(now + LEASE), "limit": limit, "bytes": max_bytes}
        with self._writing():
            self._db.execute(_EXPIRE, (_text(now),))
            taken = sorted(row[0] for row in self._db.execute(_CLAIM, values))
        if not taken:
            return []
        # What was taken lies close together, so that a range finds it faster than a list.
        sql = (
            f"select {_LIST} from event join pending using (seq) where drainer = ? and seq between ? and ? order by seq"
        )
        with self._explained():
            return [_received(row) for row in self._db.execute(sql, (drainer, taken[0], taken[-1]))]

    def ack(self, drainer: str) -> int:
        return self._in_pieces(_ACK, drainer)

    def release(self, drainer: str) -> int:
        with self._writing():
            sql = "update pending set drainer = null, taken_until = null where drainer = ?"
            return self._db.execute(sql, (drainer,)).rowcount

    def backlog(self) -> Backlog:
        with self._explained():
            (count, first) = self._db.execute("select count(*), min(seq) from pending").fetchone()
            oldest = self._db.execute("select received_at from event where seq = ?", (first,)).fetchone()
        return Backlog(count, datetime.fromisoformat(oldest[0]) if oldest else None)

    def purge(self, before: datetime) -> int:
        return self._in_pieces(_PURGE, _text(before))

    def close(self) -> None:
        self._db.close()

    def _insert(self, events: Sequence[Received]) -> int:
        return self._db.executemany(_INSERT, map(_row, events)).rowcount

    def _in_pieces(self, sql: str, value: str) -> int:
        """Run a statement of many rows in transactions of a few, for whoever waits to write meanwhile."""
        total = 0
        while True:
            with self._writing():
                rows = self._db.execute(sql, (value, PIECE_ROWS)).rowcount
            total += rows
            if rows < PIECE_ROWS:
                return total

    def _is_other(self, event: Received) -> bool:
        sql = "select fingerprint from event where source = ? and event_id = ?"
        (known,) = self._db.execute(sql, (event.source, event.event_id)).fetchone()
        return bool(known != event.fingerprint)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction that waits for its turn before it reads anything."""
        with self._explained():
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            finally:
                # A full disk may have ended the transaction already.
                if self._db.in_transaction:
                    self._db.execute("rollback")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            # These messages speak of the file, never of values.
            raise InboxError(
                f"event inbox {self._path}: it cannot be used ({error}); check the disk's space and permissions"
            ) from None


def _text(moment: datetime) -> str:
    """UTC with microseconds always: text in this form sorts as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _row(event: Received) -> tuple[Any, ...]:
    values = (getattr(event, column) for column in COLUMNS)
    return tuple(_text(value) if isinstance(value, datetime) else value for value in values)


def _received(row: tuple[Any, ...]) -> Received:
    values = dict(zip(COLUMNS, row, strict=True))
    for name in ("occurred_at", "received_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return Received(**values)
