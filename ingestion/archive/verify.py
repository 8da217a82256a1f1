"""Whether an archive still is what was put there: every entry, every content, and the end that the warehouse remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.archive.blobs import BlobError, Blobs
from ingestion.archive.chain import Chain, ChainError, Link
from ingestion.archive.store import Store
from ingestion.archive.tape import Entry


@dataclass(frozen=True)
class Verdict:
    """What was found of one system. ``broken`` is the number of the first broken entry, ``reason`` says what it is.

    ``contents`` counts those that were checked, ``pruned`` those that were forgotten as the chain tells.
    """

    system: str
    entries: int
    contents: int
    pruned: int
    broken: int | None = None
    reason: str | None = None

    @property
    def is_whole(self) -> bool:
        return self.broken is None


def verify(store: Store, system: str, head: Link | None) -> Verdict:
    """Check the whole archive of ``system``. ``head`` is the end of its chain as the warehouse remembers it."""
    chain, blobs = Chain(store, system), Blobs(store, system)
    entries: list[Entry] = []
    broken: tuple[int, str] | None = None
    try:
        entries.extend(chain.entries())
    except ChainError as error:
        broken = error.number, str(error)
    through = pruned_through(entries)
    checked = pruned = 0
    for entry in entries:
        if head is not None and entry["number"] == head.number and entry["hash"] != head.hash:
            return _broken(system, entries, checked, pruned, entry["number"], "it is not the one that was loaded")
        for name in contents(entry):
            if entry["number"] <= through:
                pruned += 1
                continue
            try:
                blobs.checked(name)
            except BlobError as error:
                return _broken(system, entries, checked, pruned, entry["number"], f"{error} ({_about(entry)})")
            checked += 1
    if broken is None and head is not None and len(entries) < head.number:
        broken = len(entries) + 1, f"it and all after it are missing: the warehouse remembers {head.number} entries"
    if broken:
        return _broken(system, entries, checked, pruned, *broken)
    return Verdict(system, len(entries), checked, pruned)


def pruned_through(entries: Iterable[Entry]) -> int:
    """The number of the last entry whose contents were pruned; 0 when none were."""
    return max((entry["through"] for entry in entries if entry["kind"] == "pruned"), default=0)


def contents(entry: Mapping[str, Any]) -> list[str]:
    """The names of the contents that an entry tells of."""
    if entry["kind"] == "answer":
        return [str(entry["content"])]
    return [kept["content"] for kept in entry.get("tables", {}).values()] if entry["kind"] == "pruned" else []


def _broken(system: str, entries: list[Entry], checked: int, pruned: int, number: int, reason: str) -> Verdict:
    return Verdict(system, len(entries), checked, pruned, number, reason)


def _about(entry: Mapping[str, Any]) -> str:
    if entry["kind"] == "answer":
        return f"the answer to {entry['method']} {entry['url']} of {entry['at']}"
    return f"the raw tables that loads before {entry['before']} had led to"
