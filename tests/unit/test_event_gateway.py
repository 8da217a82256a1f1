"""The parts of the gateway on their own: one commit for many requests, and how fast somebody may ask."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from ingestion.sources.events.group_commit import GroupCommit, InboxFull
from ingestion.sources.events.inbox import InboxError, Received
from ingestion.sources.events.rate_limit import MAX_BUCKETS, RateLimit
from ingestion.sources.events.receiver import Event, named


def event(name: str, size: int = 2) -> Received:
    now = datetime.now(UTC)
    common = ("standard-webhooks", "key", "application/json", "{}", b"x" * size, "f", None)
    return Received("erp", name, "kind", None, None, now, None, *common)


class SlowInbox:
    """Remembers its transactions; the first one waits until it is let go. Events named ``bad`` cannot be stored."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.go = threading.Event()

    def append(self, events: Sequence[Received]) -> int:
        self.go.wait(5)
        names = [e.event_id for e in events]
        if "bad" in names:
            raise InboxError("the disk is full")
        if "worse" in names:
            raise RuntimeError("a value: s3cret")
        self.commits.append(names)
        return len(events)


def group_commit(inbox: Any, max_events: int = 100, max_bytes: int = 1_000) -> GroupCommit:
    return GroupCommit(inbox, max_events, max_bytes)


async def _first(store: GroupCommit) -> asyncio.Task[None]:
    """A request whose commit has begun."""
    task = asyncio.create_task(store.store([event("first")]))
    await asyncio.sleep(0.05)
    return task


def test_what_comes_during_a_commit_shares_the_next_one() -> None:
    async def requests() -> None:
        store = group_commit(inbox)
        first = await _first(store)
        others = [asyncio.create_task(store.store([event(f"a{n}"), event(f"b{n}")])) for n in range(3)]
        await asyncio.sleep(0.05)
        # Nothing is acknowledged before it is on disk.
        assert not any(task.done() for task in (first, *others))
        inbox.go.set()
        await asyncio.gather(first, *others)
        await store.store([event("last")])
        await store.close()

    inbox = SlowInbox()
    asyncio.run(requests())
    assert inbox.commits == [["first"], ["a0", "b0", "a1", "b1", "a2", "b2"], ["last"]]


def test_one_request_that_cannot_be_stored_does_not_keep_the_others_out() -> None:
    async def requests() -> list[Any]:
        store = group_commit(inbox)
        first = await _first(store)
        names = ("good", "bad", "worse", "fine")
        others = [asyncio.create_task(store.store([event(name)])) for name in names]
        await asyncio.sleep(0.05)
        inbox.go.set()
        outcomes = await asyncio.gather(first, *others, return_exceptions=True)
        await store.close()
        return outcomes

    inbox = SlowInbox()
    assert [str(outcome) for outcome in asyncio.run(requests())] == [
        *("None", "None", "the disk is full", "event inbox: RuntimeError", "None")
    ]
    assert inbox.commits == [["first"], ["good"], ["fine"]]


@pytest.mark.parametrize(("sizes", "fits"), [([2] * 4, 4), ([2] * 5, 4), ([600, 600], 1), ([5_000], 1)])
def test_what_waits_is_bounded(sizes: list[int], fits: int) -> None:
    async def requests() -> list[Any]:
        store = group_commit(inbox, max_events=4)
        first = await _first(store)
        others = [asyncio.create_task(store.store([event(str(n), size)])) for n, size in enumerate(sizes)]
        await asyncio.sleep(0.05)
        inbox.go.set()
        outcomes = await asyncio.gather(*others, return_exceptions=True)
        await first
        await store.close()
        return outcomes

    inbox = SlowInbox()
    outcomes = asyncio.run(requests())
    assert [isinstance(outcome, InboxFull) for outcome in outcomes] == [n >= fits for n in range(len(sizes))]


def test_closing_finishes_what_waits() -> None:
    async def requests() -> None:
        store = group_commit(inbox)
        first = await _first(store)
        second = asyncio.create_task(store.store([event("second")]))
        await asyncio.sleep(0.05)
        inbox.go.set()
        await store.close()
        assert first.done() and second.done()

    inbox = SlowInbox()
    asyncio.run(requests())
    assert inbox.commits == [["first"], ["second"]]


def test_a_rate_is_kept_for_each_and_a_burst_allowed() -> None:
    now = [0.0]
    limit = RateLimit(rate=2, burst=3, clock=lambda: now[0])
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert limit.wait("b") == 0
    now[0] = 0.4
    assert limit.wait("a") == pytest.approx(0.1)
    now[0] = 0.5
    assert (limit.wait("a"), limit.wait("a")) == (0, 0.5)
    now[0] = 1_000.0
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_only_so_many_addresses_are_remembered() -> None:
    limit = RateLimit(rate=1, burst=1, clock=lambda: 0.0)
    for address in range(MAX_BUCKETS + 5):
        limit.wait(address)
    assert len(limit._buckets) == MAX_BUCKETS
    assert limit.wait(MAX_BUCKETS) == 1
    assert limit.wait(0) == 0


def test_names_that_are_none_do_not_get_any_further() -> None:
    wrong = Event("id", "a\nb", b"{}", "x" * 501, correlation_id="fine")
    assert named(wrong) == Event(
        "id", None, b"{}", None, None, "fine", "its type and subject is empty, too long or has control characters"
    )
    assert named(Event("", "a", b"{}")).event_id.startswith("sha256:")
    right = Event("id", "a", b"{}")
    assert named(right) is right
