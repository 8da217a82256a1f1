"""Many requests, one commit: a flush to disk costs the same for one event as for thousands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ingestion.sources.events.inbox import Inbox, InboxError, Received


class InboxFull(Exception):
    """Too much waits to be written; the sender should come again."""


class GroupCommit:
    """Writes what requests bring while the previous commit runs as one transaction, in a thread of its own.

    ``max_events`` and ``max_bytes`` bound what waits. Everything is used from one event loop.
    """

    def __init__(self, inbox: Inbox, max_events: int, max_bytes: int) -> None:
        self._inbox = inbox
        self._max_events, self._max_bytes = max_events, max_bytes
        self._waiting: list[tuple[Sequence[Received], asyncio.Future[None]]] = []
        self._events = self._bytes = 0
        self._thread = ThreadPoolExecutor(1, "inbox")
        self._writer: asyncio.Task[None] | None = None

    async def store(self, events: Sequence[Received]) -> None:
        """Return when ``events`` are on disk; raises InboxFull, or InboxError when they cannot be written."""
        size = sum(len(event.payload) for event in events)
        # A request that is larger than the bounds alone is taken when nothing else waits.
        if self._waiting and (self._events + len(events) > self._max_events or self._bytes + size > self._max_bytes):
            raise InboxFull
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((events, stored))
        self._events += len(events)
        self._bytes += size
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await stored

    async def close(self) -> None:
        """Finish what waits."""
        if self._writer is not None:
            await self._writer
        self._thread.shutdown()

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            self._events = self._bytes = 0
            outcomes = await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, group)
            for (_, stored), error in zip(group, outcomes, strict=True):
                if stored.done():
                    continue
                if error is None:
                    stored.set_result(None)
                else:
                    stored.set_exception(error)

    def _commit(self, group: list[tuple[Sequence[Received], asyncio.Future[None]]]) -> list[Exception | None]:
        """What became of each request. One whose events cannot be written does not keep the others out."""
        if self._append([event for events, _ in group for event in events]) is None:
            return [None] * len(group)
        return [self._append(events) for events, _ in group]

    def _append(self, events: Sequence[Received]) -> Exception | None:
        try:
            self._inbox.append(events)
        except Exception as error:
            # Whatever a driver raises: the requests that wait must hear of it, and the writer must live on.
            return error if isinstance(error, InboxError) else InboxError(f"event inbox: {type(error).__name__}")
        return None
