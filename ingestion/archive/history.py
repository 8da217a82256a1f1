"""Which loads an archive tells of, and which of them raw is made of.

Each load says which one the warehouse held last when it began (``after``). Following that back from a load gives the
loads that its rows stand on, whatever else was tried, taken back or restored in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingestion.archive.tape import Entry


@dataclass
class Load:
    """One load as the manifest tells it. ``is_loaded``: the warehouse has taken it."""

    number: int
    at: datetime
    after: str | None
    objects: list[str]
    domains: list[str]
    load_id: str | None = None
    is_loaded: bool = False
    configuration: dict[str, Any] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)


def loads(entries: Iterable[Entry]) -> list[Load]:
    """The loads of a chain, in their order."""
    found: dict[int, Load] = {}
    by_id: dict[str, Load] = {}
    for entry in entries:
        kind = entry["kind"]
        if kind == "begin":
            load = Load(
                entry["load"],
                datetime.fromisoformat(entry["at"]),
                entry["after"],
                entry["objects"],
                entry["domains"],
            )
            found[load.number] = load
            # Also one that was interrupted behind its commit: the next load found it there.
            if load.after in by_id:
                by_id[load.after].is_loaded = True
        elif kind == "configuration":
            found[entry["load"]].configuration |= entry["values"]
            found[entry["load"]].secrets += entry["secrets"]
        elif kind == "extracted":
            found[entry["load"]].load_id = entry["load_id"]
            by_id[entry["load_id"]] = found[entry["load"]]
        elif kind == "loaded":
            found[entry["load"]].is_loaded = True
    return list(found.values())


def lineage(history: Iterable[Load], until: datetime | None = None) -> list[Load]:
    """The loads that raw was made of at ``until`` (None: now), first one first.

    The first one's ``after`` is None, or a load that this history does not hold.
    """
    taken = [load for load in history if load.is_loaded and (until is None or load.at <= until)]
    by_id: Mapping[str | None, Load] = {load.load_id: load for load in taken}
    line: list[Load] = []
    load = taken[-1] if taken else None
    while load is not None:
        line.append(load)
        load = by_id.get(load.after) if load.after else None
    return line[::-1]
