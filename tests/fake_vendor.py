"""A vendor of a few made-up objects, in this process: what tests of the ingestion core load from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from dlt.common.pipeline import LoadInfo
from dlt.extract import DltSource

from ingestion import pipelines
from ingestion.raw import Fetched, RawObject, Window
from ingestion.source import build_source

SYSTEM = "fake"
ENTRIES = RawObject(
    "entries",
    key=("id",),
    columns={"id": "text", "hours": "decimal(18,4)", "at": "timestamp"},
    cursor="at",
)


class FakeVendor:
    """Holds records by object; ``fetch`` honours the window unless ``ignores_filter``.

    ``windows`` and ``bookmarks`` tell what it was asked for. ``extra`` yields what comes after the pages of an object
    (deletions), ``before_page`` runs before each page.
    """

    def __init__(self, *objects: RawObject, now: datetime = datetime(2026, 4, 30, 12, tzinfo=UTC)) -> None:
        self.objects = {obj.name: obj for obj in objects or (ENTRIES,)}
        self.records: dict[str, list[dict[str, Any] | bytes]] = {name: [] for name in self.objects}
        self.now = now
        self.page_size = 100
        self.ignores_filter = False
        self.windows: list[datetime | None] = []
        self.bookmarks: list[Mapping[str, str] | None] = []
        self.extra: Callable[[RawObject], Sequence[Fetched]] = lambda obj: ()
        self.before_page: Callable[[RawObject, int], None] = lambda obj, number: None

    def source(self) -> DltSource:
        """A dlt source that reads this vendor, as the product's own sources are built."""
        return build_source(SYSTEM, self.objects, lambda: self)

    def load(self) -> LoadInfo:
        """One run of the pipeline over this vendor."""
        return pipelines.run(SYSTEM, self.source())

    def server_time(self) -> datetime:
        return self.now

    def fetch(self, obj: RawObject, window: Window) -> Iterable[Fetched]:
        self.windows.append(window.start)
        self.bookmarks.append(window.bookmark)
        found = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in self._changed(obj, window)]
        for number, start in enumerate(range(0, len(found), self.page_size)):
            self.before_page(obj, number)
            yield found[start : start + self.page_size]
        yield from self.extra(obj)

    def _changed(self, obj: RawObject, window: Window) -> Iterator[dict[str, Any] | bytes]:
        for record in self.records[obj.name]:
            all_of_them = self.ignores_filter or not obj.cursor or window.start is None or isinstance(record, bytes)
            if all_of_them or datetime.fromisoformat(record[obj.cursor]) >= window.start:  # type: ignore
                yield record


def entry(key: str, hours: float = 1, at: str = "2026-05-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    """A record of ``ENTRIES``."""
    return {"id": key, "hours": hours, "at": at} | more


def warehouse_rows(data_dir: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of ``sql``; ``{raw}`` stands for the raw schema of the fake vendor."""
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        return list(connection.execute(sql.format(raw=f"raw_{SYSTEM}")).fetchall())


def versions(data_dir: Path, table: str = "entries", value: str = "hours") -> list[tuple[Any, ...]]:
    """(key, value, is it a tombstone) of every row of a raw table, oldest version first."""
    found = warehouse_rows(data_dir, f"select id, {value}, _is_deleted from {{raw}}.{table} order by id, _extracted_at")
    return [(key, None if number is None else float(number), deleted) for key, number, deleted in found]
