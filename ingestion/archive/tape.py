"""Between a source and its system while a load runs: the recorder keeps every answer, the player gives the kept ones.

Whatever a load reads and whatever else makes its rows passes here: answers of the system, the moments that rows are
stamped with, and the configuration that shapes the requests. So the same source, run on a player, appends the same rows.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from ingestion.archive.blobs import BlobError, Blobs
from ingestion.archive.chain import Chain, Link
from ingestion.archive.redact import Redactor
from ingestion.http.errors import SourceError, TransientError

# So many entries are written at once; what is younger when the machine stops belongs to a load that left nothing in raw.
FLUSH_ENTRIES = 500

Entry = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a system answered: its content as it came and, of HTTP, the status and the headers that a source reads."""

    content: bytes
    status: int | None = None
    headers: Mapping[str, str] | None = None


class Tape(Protocol):
    """What a running load passes everything through."""

    is_whole: bool
    """Whether the load asks for everything again, whatever was read before."""

    def kept(self, method: str, place: str, ask: Callable[[], bytes]) -> bytes:
        """What ``ask`` answers about ``place``; a player answers itself."""

    def noted(self, moment: datetime) -> datetime:
        """``moment``, by which rows are stamped; a player says which one it was then."""

    def configured(self, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """What the source was configured with; of ``secrets`` only the names are kept."""

    def extracted(self, load_id: str) -> None:
        """The load has read everything: it is ``load_id`` in the warehouse, once that has taken it."""

    def loaded(self) -> Link | None:
        """The warehouse has taken the load; returns the end of the chain that tells so."""


class NotArchivedError(TransientError):
    """A replay asks for what the archive does not hold; it ends the whole load, not one object."""


_current: ContextVar[Tape | None] = ContextVar("tape", default=None)


def current() -> Tape | None:
    """The tape of the load that runs in this thread; None outside of loads."""
    return _current.get()


@contextmanager
def running(tape: Tape) -> Iterator[None]:
    """``tape`` is the current one for the block."""
    token = _current.set(tape)
    try:
        yield
    finally:
        _current.reset(token)


def is_replay() -> bool:
    """Whether the load that runs in this thread is answered from the archive: nothing is asked, moved or waited for."""
    return isinstance(current(), Player)


def is_whole() -> bool:
    """Whether the load that runs in this thread asks for everything again."""
    tape = current()
    return tape is not None and tape.is_whole


def kept(method: str, place: str, ask: Callable[[], bytes]) -> bytes:
    """What ``ask`` answers, by way of the current tape."""
    tape = current()
    return ask() if tape is None else tape.kept(method, place, ask)


def noted(moment: datetime) -> datetime:
    """``moment``, by way of the current tape."""
    tape = current()
    return moment if tape is None else tape.noted(moment)


class Recorder:
    """Writes the entries of one load. ``beginning`` says how it began (see ``history``)."""

    def __init__(self, chain: Chain, blobs: Blobs, beginning: Mapping[str, Any]) -> None:
        self._chain, self._blobs = chain, blobs
        self._load = chain.end.number + 1
        self._load_id: str | None = None
        self._pending: list[Entry] = []
        self._redact = Redactor()
        self.is_whole: bool = beginning.get("whole", False)
        self._note("begin", system=chain.system, **beginning)

    def kept(self, method: str, place: str, ask: Callable[[], bytes]) -> bytes:
        content = ask()
        self.keep(method, place, None, Answer(content))
        return content

    def keep(self, method: str, url: str, request: bytes | None, answer: Answer) -> None:
        """Keep the answer to a request with the body ``request``."""
        self._note(
            "answer",
            method=method,
            url=self._redact.url(url),
            request=_digest(request and self._redact.content(request)),
            status=answer.status,
            headers=answer.headers,
            content=self._blobs.put(answer.content),
            size=len(answer.content),
        )
        if len(self._pending) >= FLUSH_ENTRIES:
            self._flush()

    def noted(self, moment: datetime) -> datetime:
        self._note("clock", moment=moment.isoformat())
        return moment

    def configured(self, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        self._redact.learn(secrets.values())
        plain = {name: self._redact.url(v) if isinstance(v, str) else v for name, v in values.items()}
        self._note("configuration", values=plain, secrets=sorted(secrets))

    def extracted(self, load_id: str) -> None:
        self._load_id = load_id
        self._note("extracted", load_id=load_id)
        self._flush()

    def loaded(self) -> Link:
        self._note("loaded", load_id=self._load_id)
        return self._flush()

    def failed(self, error: BaseException) -> None:
        """The load has ended with ``error``, whose sentence is kept if it was written for people."""
        self._note("failed", reason=str(error) if isinstance(error, SourceError) else type(error).__name__)
        self._flush()

    def _note(self, kind: str, **fields: Any) -> None:
        self._pending.append({"kind": kind, "load": self._load, "at": datetime.now(UTC).isoformat(), **fields})

    def _flush(self) -> Link:
        end = self._chain.append(self._pending)
        self._pending = []
        return end


class Player:
    """Answers from the entries of one load. The same request is answered in the order of then."""

    def __init__(self, system: str, entries: Iterable[Entry], blobs: Blobs) -> None:
        self._system, self._blobs = system, blobs
        self._answers: defaultdict[tuple[Any, ...], deque[Entry]] = defaultdict(deque)
        self._moments: deque[str] = deque()
        # The dlt load that this replay made, once it has.
        self.load_id: str | None = None
        self.is_whole = False
        for entry in entries:
            if entry["kind"] == "begin":
                # Loads of earlier versions could not say so.
                self.is_whole = entry.get("whole", False)
            elif entry["kind"] == "answer":
                self._answers[_key(entry["method"], entry["url"], entry["request"])].append(entry)
            elif entry["kind"] == "clock":
                self._moments.append(entry["moment"])
        self._redact = Redactor()

    def kept(self, method: str, place: str, ask: Callable[[], bytes]) -> bytes:
        return self.play(method, place, None).content

    def play(self, method: str, url: str, request: bytes | None) -> Answer:
        """The next answer to this request; raises NotArchivedError when there is none."""
        url = self._redact.url(url)
        waiting = self._answers[_key(method, url, _digest(request))]
        if not waiting:
            raise self._absent(f"no further answer to {method} {url}")
        entry = waiting.popleft()
        try:
            content = self._blobs.get(entry["content"], entry["size"])
        except BlobError as error:
            raise NotArchivedError(
                f"{self._system}: entry {entry['number']} of the archive cannot be replayed, {error}; "
                "`leakage audit verify` tells more"
            ) from None
        return Answer(content, entry["status"], entry["headers"])

    def noted(self, moment: datetime) -> datetime:
        if not self._moments:
            raise self._absent("no further moment")
        return datetime.fromisoformat(self._moments.popleft())

    def configured(self, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """It was configured from the archive."""

    def extracted(self, load_id: str) -> None:
        self.load_id = load_id

    def loaded(self) -> None:
        """Nothing is kept of a replay."""

    def _absent(self, what: str) -> NotArchivedError:
        return NotArchivedError(
            f"{self._system}: the archive of this load holds {what}; replay it with the version that made it"
        )


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _key(method: str, url: str, request: str | None) -> tuple[Any, ...]:
    """What makes two requests the same. The host is not asked: a system may move, and some tell it with the token."""
    parts = urlsplit(url)
    return method, parts.path, parts.query, request
