"""The inbox on each database: what is stored stays, once; what is taken is nobody else's until it is given back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from ingestion.sources.events import inbox as inbox_module
from ingestion.sources.events.inbox import Inbox, InboxError, Received
from ingestion.sources.events.settings import open_inbox
from tests.sandbox import postgres

AT = datetime(2026, 11, 26, 10, 0, 0, 123456, tzinfo=UTC)
Opener = Callable[[], Inbox]


def received(number: int, source: str = "erp", payload: bytes = b"{}", fingerprint: str = "f") -> Received:
    return Received(
        source=source,
        event_id=f"e{number:05}",
        type="invoice.edit",
        subject=None,
        occurred_at=AT - timedelta(hours=1),
        received_at=AT + timedelta(seconds=number),
        correlation_id="東京 '\"\\",
        scheme="standard-webhooks",
        key_id="k",
        content_type="application/json",
        headers="{}",
        payload=payload,
        fingerprint=fingerprint,
        quarantine_reason=None,
    )


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens one more connection to one inbox, which starts empty."""
    opened: list[Inbox] = []
    url: str | None = None
    if request.param == "postgres":
        import psycopg

        server = request.getfixturevalue("postgres_url")
        name = f"inbox_{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"create database {name}")
        url = server.replace("/postgres?", f"/{name}?")

    def open_one() -> Inbox:
        opened.append(open_inbox(url, tmp_path / "events"))
        return opened[-1]

    yield open_one
    for inbox in opened:
        inbox.close()


@pytest.fixture
def inbox(opener: Opener) -> Inbox:
    return opener()


def taken(inbox: Inbox, drainer: str = "a", **limits: int) -> list[str]:
    return [event.event_id for event in inbox.claim(drainer, **limits)]


def test_what_was_stored_comes_out_as_it_went_in(inbox: Inbox) -> None:
    whole = received(1, payload=bytes(range(256)))
    empty = replace(received(2), type=None, occurred_at=None, correlation_id=None, quarantine_reason="why")
    assert inbox.append([whole, empty]) == 2
    assert inbox.claim("a") == [whole, empty]


def test_an_event_is_kept_once(inbox: Inbox) -> None:
    assert inbox.append([received(1), received(1), received(2)]) == 2
    assert inbox.append([received(2), received(3), received(1, source="crm")]) == 2
    assert inbox.ack("nobody") == 0
    assert sorted(taken(inbox)) == ["e00001", "e00001", "e00002", "e00003"]
    assert inbox.ack("a") == 4
    # Also when it was drained long ago.
    assert inbox.append([received(1)]) == 0
    assert inbox.claim("a") == []


def test_another_content_under_a_known_id_is_kept_beside_it(inbox: Inbox) -> None:
    inbox.append([received(1)])
    other = received(1, payload=b"other", fingerprint="g")
    assert inbox.append([other, received(2), other]) == 2
    assert inbox.append([other]) == 0
    found = {event.event_id: (event.payload, event.quarantine_reason) for event in inbox.claim("a")}
    assert found["e00001"] == (b"{}", None)
    (kept,) = [value for event_id, value in found.items() if event_id.startswith("e00001#")]
    assert kept == (b"other", "its id was received before with other content")


def test_a_claim_is_bounded_by_number_and_by_size(inbox: Inbox) -> None:
    inbox.append([received(n, payload=b"x" * 100) for n in range(6)])
    assert taken(inbox, limit=2) == ["e00000", "e00001"]
    assert taken(inbox, max_bytes=250) == ["e00002", "e00003", "e00004"]
    assert taken(inbox, max_bytes=1) == ["e00005"]
    assert taken(inbox) == []


def test_what_one_took_is_not_anothers(opener: Opener) -> None:
    first, second = opener(), opener()
    first.append([received(n) for n in range(4)])
    assert taken(first, "a", limit=2) == ["e00000", "e00001"]
    assert taken(second, "b") == ["e00002", "e00003"]
    assert second.ack("b") == 2
    assert first.release("a") == 2
    assert taken(second, "b") == ["e00000", "e00001"]
    assert first.ack("a") == 0
    assert first.backlog().events == 2


def test_what_a_dead_drainer_took_comes_back(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = opener()
    inbox.append([received(1)])
    for module in ("sqlite_inbox", "postgres_inbox"):
        monkeypatch.setattr(f"ingestion.sources.events.{module}.LEASE", timedelta(seconds=-1))
    assert taken(inbox, "dead") == ["e00001"]
    monkeypatch.undo()
    assert taken(inbox, "b") == ["e00001"]
    assert taken(inbox, "c") == []
    assert inbox.ack("dead") == 0
    assert inbox.ack("b") == 1


def test_several_drainers_and_writers_at_once(opener: Opener) -> None:
    """Two gateways write, with overlapping events, while three drainers take: everything is taken once."""
    writers, drainers, total = [opener() for _ in range(2)], [opener() for _ in range(3)], 300
    written = threading.Event()

    def write(inbox: Inbox, order: int) -> int:
        numbers = range(total) if order else range(total - 1, -1, -1)
        events = [received(n) for n in numbers]
        return sum(inbox.append(events[start : start + 30]) for start in range(0, total, 30))

    def drain(inbox: Inbox, name: str) -> list[str]:
        found: list[str] = []
        while True:
            last = written.is_set()
            events = taken(inbox, name, limit=7)
            found += events
            inbox.ack(name)
            if not events and last:
                return found

    with ThreadPoolExecutor() as threads:
        draining = [threads.submit(drain, inbox, f"d{n}") for n, inbox in enumerate(drainers)]
        new = sum(threads.map(write, writers, range(2)))
        written.set()
        found = [event for job in draining for event in job.result()]
    assert new == total
    assert sorted(found) == [f"e{n:05}" for n in range(total)]


def test_drained_events_are_forgotten_after_a_while(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sqlite_inbox", "postgres_inbox"):
        monkeypatch.setattr(f"ingestion.sources.events.{module}.PIECE_ROWS", 3)
    inbox.append([received(n) for n in range(20)])
    taken(inbox, limit=10)
    inbox.ack("a")
    assert inbox.purge(AT + timedelta(seconds=8)) == 8
    # What was not drained stays, however old.
    assert inbox.purge(AT + timedelta(days=365)) == 2
    assert inbox.backlog() == inbox_module.Backlog(10, AT + timedelta(seconds=10))


def test_what_cannot_be_stored_leaves_nothing_behind_and_the_inbox_usable(inbox: Inbox) -> None:
    wrong = replace(received(2), event_id=None)  # type: ignore[arg-type]
    with pytest.raises(InboxError, match="event inbox .*: it cannot be used"):
        inbox.append([wrong])
    assert inbox.append([received(1)]) == 1
    assert taken(inbox) == ["e00001"]


def test_sqlite_flushes_every_commit_to_disk(tmp_path: Path) -> None:
    inbox = open_inbox(None, tmp_path)
    (mode,) = inbox._db.execute("pragma journal_mode").fetchone()  # type: ignore[attr-defined]
    (synchronous,) = inbox._db.execute("pragma synchronous").fetchone()  # type: ignore[attr-defined]
    inbox.close()
    assert (mode, synchronous) == ("wal", 2)
    assert (tmp_path / "inbox.db").stat().st_mode & 0o077 == 0


def test_an_inbox_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "inbox.db").write_bytes(b"not a database " * 100)
    with pytest.raises(InboxError, match="inbox.db: it cannot be used .*; check the disk's space and permissions"):
        open_inbox(None, tmp_path)


def test_a_database_that_cannot_be_reached_says_so_and_shows_no_password() -> None:
    with pytest.raises(InboxError, match="event inbox in PostgreSQL: it cannot be used") as error:
        open_inbox("postgresql://user:hunter2secret@127.0.0.1:1/none?connect_timeout=1", Path())
    assert "hunter2secret" not in str(error.value)


@pytest.mark.postgres
def test_a_connection_that_broke_is_made_again(postgres_url: str) -> None:
    import psycopg

    inbox = open_inbox(postgres_url, Path())
    inbox.append([received(1, source="broken")])
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()")
    with pytest.raises(InboxError):
        inbox.append([received(2, source="broken")])
    assert inbox.append([received(2, source="broken")]) == 1
    inbox.close()
