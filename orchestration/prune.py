"""Retention: forget what old loads were sent, and keep enough to make raw again without it.

Before anything is forgotten, raw is made again up to there and has to equal the warehouse; these tables then take the
place of the contents that they were made of. The manifest stays, with an entry that says who forgot what. Contents go
last, so whoever is interrupted leaves too much and not too little, and the next run takes it away.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ingestion.archive.blobs import Blobs
from ingestion.archive.chain import Chain
from ingestion.archive.history import loads
from ingestion.archive.settings import archive_settings, open_store
from ingestion.archive.verify import contents, pruned_through
from ingestion.config import ConfigurationError
from ingestion.http.errors import SourceError
from ingestion.pipelines import right_to_load
from orchestration.rebuild import RebuildError, archived, export, rebuild


@dataclass(frozen=True)
class Pruned:
    """What was forgotten of one system: loads that began before the limit, and contents that nothing else needs."""

    system: str
    loads: int
    contents: int


def kept_since() -> datetime:
    """What is older may be forgotten, by ``keep_days`` of ``[archive]``; raises ConfigurationError when it keeps everything."""
    keep_days = archive_settings().keep_days
    if keep_days is None:
        raise ConfigurationError(
            "prune: the archive keeps everything; set keep_days of [archive] in .dlt/config.toml (ARCHIVE__KEEP_DAYS), or "
            "give --before DATE"
        )
    return datetime.now(UTC) - timedelta(days=keep_days)


def prune(system: str, before: datetime, by: str) -> Pruned:
    """Forget what the loads of ``system`` that began before ``before`` (UTC) were sent; ``by`` signs for it.

    Raises ConfigurationError when the system is being loaded, RebuildError when the archive is broken or does not lead
    to what the warehouse holds: then nothing is forgotten.
    """
    if not by.strip():
        raise ConfigurationError("--by: say who answers for it, as in --by jane.doe@example.com")
    store = open_store()
    chain, blobs = Chain(store, system), Blobs(store, system)
    try:
        with right_to_load(system):
            entries = archived(chain)
            old = [load for load in loads(entries) if load.at < before]
            through = max(
                (e["number"] for e in entries if old and e.get("load", 0) in {x.number for x in old}), default=0
            )
            new = [load for load in old if load.number > pruned_through(entries)]
            if new:
                entry = {
                    "kind": "pruned",
                    "through": through,
                    "before": before.isoformat(),
                    "by": by.strip(),
                    "loads": len(new),
                    **_left(system, old[-1].at, blobs),
                }
                chain.append([entry])
                entries.append(entry | {"number": chain.end.number})
            forgotten = _forget(entries, blobs)
    except SourceError as busy:
        raise ConfigurationError(str(busy)) from None
    return Pruned(system, len(new), forgotten)


def _left(system: str, until: datetime, blobs: Blobs) -> dict[str, Any]:
    """The last load until then that raw is made of, and the contents of the raw tables that it led to."""
    with tempfile.TemporaryDirectory(prefix=f"leakage-{system}-") as folder:
        database = Path(folder) / "raw.duckdb"
        made = rebuild(system, until=until, into=database)
        if not made.is_equal:
            differing = ", ".join(table.name for table in made.tables if not table.is_equal)
            raise RebuildError(
                f"{system}: the archive does not lead to what the warehouse holds ({differing}); nothing was pruned, "
                f"`leakage replay --system {system}` tells more"
            )
        tables = {}
        for name, content in export(database, system, Path(folder)):
            tables[name] = {"content": blobs.put(content), "size": len(content)}
        return {"last": made.load_ids[-1], "tables": tables}


def _forget(entries: list[dict[str, Any]], blobs: Blobs) -> int:
    """Delete all contents that no entry behind the pruned ones tells of; says how many those were."""
    through = pruned_through(entries)
    needed = {name for entry in entries if entry["number"] > through for name in contents(entry)}
    surplus = [name for name in blobs.names() if name not in needed]
    for name in surplus:
        blobs.delete(name)
    return len(surplus)
