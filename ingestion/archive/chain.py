"""The manifest of an archive: per system one chain of entries, each of which holds the hash of the one before it.

An entry is a line of JSON. Its last field is the SHA-256 of the line without that field, ``prev`` is that of the entry
before. Lines are appended in files that are written once: a file is named by the number of its first entry and lies in
the folder of its ten thousand. So a crash leaves whole files, the next writer goes on behind the last whole line, and
finding that line costs the same however long the chain has grown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ingestion.archive.store import Store

# ,"hash":"<64 hexadecimal digits>"}
_HASH_FIELD = b',"hash":"'
_SUFFIX = len(_HASH_FIELD) + 64 + 2
FOLDER_ENTRIES = 10_000


class ChainError(Exception):
    """The manifest is not what was written; ``number`` is that of the first entry that is wrong."""

    def __init__(self, number: int, reason: str) -> None:
        self.number = number
        super().__init__(reason)


@dataclass(frozen=True)
class Link:
    """The end of a chain: the number and hash of its last entry; 0 before the first one."""

    number: int
    hash: str


class Chain:
    """The entries of one system. One process at a time appends; whoever does holds the right to load the system."""

    def __init__(self, store: Store, system: str) -> None:
        self._store, self.system = store, system
        self._end: Link | None = None

    @property
    def end(self) -> Link:
        """The last entry; raises ChainError when the file that holds it cannot be read."""
        if self._end is None:
            self._end = self._find_end()
        return self._end

    def append(self, entries: Sequence[Mapping[str, Any]]) -> Link:
        """Write ``entries`` behind the last one, all of them or none; returns the new end."""
        end = self.end
        first = end.number + 1
        lines = []
        for entry in entries:
            body = msgspec.json.encode({"number": end.number + 1, "prev": end.hash, **entry})
            end = Link(end.number + 1, hashlib.sha256(body).hexdigest())
            lines.append(body[:-1] + _HASH_FIELD + end.hash.encode() + b'"}\n')
        self._store.settle()
        self._store.write(f"{self._folder}/{_path(first)}", b"".join(lines))
        self._store.settle()
        self._end = end
        return end

    def entries(self) -> Iterator[dict[str, Any]]:
        """All entries in order, checked; raises ChainError at the first that was changed, is missing or misplaced."""
        end = self._start
        # An entry is known to be genuine when its successor attests it: the last one waits for that.
        waiting: dict[str, Any] | None = None
        for path in self._paths():
            for line in self._lines(path):
                entry = _checked(line, end)
                if waiting is not None:
                    yield waiting
                waiting, end = entry, Link(entry["number"], entry["hash"])
        if waiting is not None:
            yield waiting

    def last(self, kind: str) -> list[dict[str, Any]]:
        """The entries from the last one of ``kind`` on, all when there is none; each agrees with itself.

        Read from the end: ``entries`` alone proves what comes before.
        """
        found: list[dict[str, Any]] = []
        for path in self._paths(newest_first=True):
            for number, line in reversed(list(enumerate(self._lines(path), _number(path)))):
                found.append(_read(line, number))
                if found[-1]["kind"] == kind:
                    return found[::-1]
        return found[::-1]

    @property
    def _folder(self) -> str:
        return f"{self.system}/manifest"

    @property
    def _start(self) -> Link:
        return Link(0, hashlib.sha256(f"leakage archive of {self.system}".encode()).hexdigest())

    def _paths(self, *, newest_first: bool = False) -> Iterator[str]:
        """The files of the manifest in the order of their entries, or from the last one back."""
        for folder in sorted(self._store.names(self._folder), reverse=newest_first):
            for name in sorted(self._store.names(f"{self._folder}/{folder}"), reverse=newest_first):
                yield f"{folder}/{name}"

    def _lines(self, path: str) -> list[bytes]:
        """The whole lines of a file. What follows the last of them was being written when the machine stopped."""
        return self._store.read(f"{self._folder}/{path}").split(b"\n")[:-1]

    def _find_end(self) -> Link:
        for path in self._paths(newest_first=True):
            if lines := self._lines(path):
                entry = _read(lines[-1], _number(path) + len(lines) - 1)
                return Link(entry["number"], entry["hash"])
        return self._start


def _path(number: int) -> str:
    """The file of the lines that begin with entry ``number``."""
    return f"{number // FOLDER_ENTRIES:08d}/{number:012d}.jsonl"


def _number(path: str) -> int:
    """The first entry of a file."""
    return int(path.rpartition("/")[2].partition(".")[0])


def _checked(line: bytes, before: Link) -> dict[str, Any]:
    """The entry that follows ``before``; raises ChainError when it is another one."""
    expected = before.number + 1
    entry = _read(line, expected)
    if entry["number"] > expected:
        raise ChainError(expected, f"it is missing: entry {entry['number']} stands in its place")
    if entry["number"] < expected:
        raise ChainError(expected, f"it is not in its place: entry {entry['number']} is repeated there")
    if entry["prev"] != before.hash:
        # The line agrees with itself, and so does the one before it, which this one does not attest.
        raise ChainError(max(before.number, 1), "it was changed: the entry after it does not attest it")
    return entry


def _read(line: bytes, number: int) -> dict[str, Any]:
    """The entry of a line, which is said to be that of ``number``; raises ChainError when it does not agree with itself."""
    body, suffix = line[:-_SUFFIX] + b"}", line[-_SUFFIX:]
    digest = hashlib.sha256(body).hexdigest()
    if suffix != _HASH_FIELD + digest.encode() + b'"}':
        raise ChainError(number, "it was changed")
    try:
        entry = msgspec.json.decode(body, type=dict[str, Any])
        return {**entry, "number": int(entry["number"]), "prev": str(entry["prev"]), "hash": digest}
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        raise ChainError(number, "it is no entry") from None
