"""The shared inbox: PostgreSQL, for several gateways and drainers on several machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

try:
    import psycopg
except ImportError as missing:
    from ingestion.config import ConfigurationError

    raise ConfigurationError("inbox_url: PostgreSQL needs one more package; install leakage[postgres]") from missing

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

# Whoever opens the inbox first makes its tables; the others wait for it (the number is any, and ours alone).
_SCHEMA_LOCK = 7_316_250_411
_SCHEMA = """
create schema if not exists leakage_events;
create table if not exists leakage_events.event (
  seq bigint generated always as identity primary key,
  source text not null, event_id text not null, type text, subject text, occurred_at timestamptz,
  received_at timestamptz not null, correlation_id text, scheme text not null, key_id text not null,
  content_type text not null, headers text not null, payload bytea not null, fingerprint text not null,
  quarantine_reason text, unique (source, event_id)
);
create index if not exists event_received_at on leakage_events.event (received_at);
create table if not exists leakage_events.pending (
  seq bigint primary key references leakage_events.event, size bigint not null, drainer text, taken_until timestamptz
);
create index if not exists pending_drainer on leakage_events.pending (drainer, seq);
create index if not exists pending_taken_until on leakage_events.pending (taken_until) where taken_until is not null;
"""
_LIST = ", ".join(COLUMNS)
_TYPES = {"occurred_at": "timestamptz", "received_at": "timestamptz", "payload": "bytea"}
_ARRAYS = ", ".join(f"%({column})s::{_TYPES.get(column, 'text')}[]" for column in COLUMNS)
_INSERT = f"""
with arrived as (
  insert into leakage_events.event ({_LIST}) select * from unnest({_ARRAYS}) on conflict do nothing
  returning seq, length(payload) as size
)
insert into leakage_events.pending (seq, size) select seq, size from arrived
"""
_KNOWN = """
select event.source, event.event_id, event.fingerprint
from leakage_events.event inner join unnest(%s::text[], %s::text[]) as asked (source, event_id) using (source, event_id)
"""
# Rows that another transaction is taking are passed over, not waited for.
_EXPIRE = """
update leakage_events.pending set drainer = null, taken_until = null where seq in (
  select seq from leakage_events.pending where taken_until < now() for update skip locked
)
"""
_CLAIM = f"""
with free as (
  select seq, size from leakage_events.pending where drainer is null
  order by seq limit %(limit)s for update skip locked
),
measured as (select seq, sum(size) over (order by seq) - size as before from free),
taken as (
  update leakage_events.pending set drainer = %(drainer)s, taken_until = now() + %(lease)s
  where seq in (select seq from measured where before < %(bytes)s) returning seq
)
select {_LIST} from leakage_events.event inner join taken using (seq) order by seq
"""
_PURGE = """
delete from leakage_events.event where seq in (
  select seq from leakage_events.event where received_at < %s
  and not exists (select 1 from leakage_events.pending where pending.seq = event.seq) limit %s
)
"""
_BACKLOG = """
select count(*), min(received_at) from leakage_events.pending inner join leakage_events.event using (seq)
"""


class PostgresInbox:
    """An inbox in the schema ``leakage_events`` of one database. A connection that broke is made again."""

    def __init__(self, url: str) -> None:
        """Raises InboxError when the database cannot be reached; its message does not show ``url``."""
        self._url = url
        self._connection: psycopg.Connection | None = None
        with self._writing() as db:
            db.execute("select pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
            db.execute(_SCHEMA)

    def append(self, events: Sequence[Received]) -> int:
        ordered = in_order(events)
        with self._writing() as db:
            added = self._insert(db, ordered)
            if added < len(ordered):
                added += self._insert(db, self._impostors(db, ordered))
        return added

    def claim(self, drainer: str, limit: int = CLAIM_EVENTS, max_bytes: int = CLAIM_BYTES) -> list[Received]:
        values = {"drainer": drainer, "lease": LEASE, "limit": limit, "bytes": max_bytes}
        with self._writing() as db:
            db.execute(_EXPIRE)
            rows = db.execute(_CLAIM, values).fetchall()
        return [Received(**dict(zip(COLUMNS, row, strict=True))) for row in rows]

    def ack(self, drainer: str) -> int:
        with self._writing() as db:
            return db.execute("delete from leakage_events.pending where drainer = %s", (drainer,)).rowcount

    def release(self, drainer: str) -> int:
        sql = "update leakage_events.pending set drainer = null, taken_until = null where drainer = %s"
        with self._writing() as db:
            return db.execute(sql, (drainer,)).rowcount

    def backlog(self) -> Backlog:
        with self._writing() as db:
            (row,) = db.execute(_BACKLOG).fetchall()
        return Backlog(*row)

    def purge(self, before: datetime) -> int:
        purged = 0
        while True:
            with self._writing() as db:
                gone = db.execute(_PURGE, (before, PIECE_ROWS)).rowcount
            purged += gone
            if gone < PIECE_ROWS:
                return purged

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _insert(self, db: psycopg.Connection, events: Sequence[Received]) -> int:
        return db.execute(_INSERT, {column: [getattr(e, column) for e in events] for column in COLUMNS}).rowcount

    def _impostors(self, db: psycopg.Connection, events: Sequence[Received]) -> list[Received]:
        asked = [event.source for event in events], [event.event_id for event in events]
        known = {(source, event_id): print_ for source, event_id, print_ in db.execute(_KNOWN, asked).fetchall()}
        others = {impostor(e).event_id: impostor(e) for e in events if known[e.source, e.event_id] != e.fingerprint}
        return in_order(list(others.values()))

    @contextmanager
    def _writing(self) -> Iterator[psycopg.Connection]:
        """One transaction, on disk at the end of the block."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=10)
                self._connection.execute("set time zone 'UTC'")
                # Whatever the server's default is: an acknowledged event must be on its disk.
                self._connection.execute("set synchronous_commit = on")
            with self._connection.transaction():
                yield self._connection
        except psycopg.Error as error:
            # The server's own messages may repeat the address or a value: the class says what is wrong without them.
            raise InboxError(
                f"event inbox in PostgreSQL: it cannot be used ({type(error).__name__}); "
                "check inbox_url, that the server runs and that the user may create and write the schema leakage_events"
            ) from None
