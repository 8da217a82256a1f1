"""Dataverse tables through change tracking: changed rows and deletions since the last reading's delta link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import msgspec

from ingestion.http.errors import PermanentError
from ingestion.raw import Bookmark, CompleteSet, Deleted, Fetched, RawObject, Window
from ingestion.sources.dynamics365 import settings
from ingestion.sources.dynamics365.names import Names
from ingestion.sources.dynamics365.odata import Answer, Service


class _Table(msgspec.Struct, rename="pascal"):
    entity_set_name: str
    primary_id_attribute: str
    change_tracking_enabled: bool = False


class _Change(msgspec.Struct):
    """What tells a deletion from a changed row."""

    context: str = msgspec.field(default="", name="@odata.context")
    id: str | None = None


class Dataverse:
    """Reads the tables of one Dataverse organisation."""

    def __init__(self, service: Service, names: Names) -> None:
        self._service = service
        self._names = names
        self._table = cache(self._described_table)

    def fetch(self, obj: RawObject, window: Window) -> Iterable[Fetched]:
        """Rows of ``obj`` that changed since the bookmark, and deletions; everything when there is no usable one.

        A bookmark is usable for the very query that left it. One that the organisation refuses (tokens live for seven
        days) leads to a complete reading, which also tells what was deleted meanwhile.
        """
        table = self._table(self._names.entity(obj))
        query = f"{self._service.url}/{table.entity_set_name}?$select={self._names.select(obj)}"
        tracking = ["odata.track-changes"] if table.change_tracking_enabled else []
        prefer = ",".join([*tracking, f"odata.maxpagesize={settings.DATAVERSE_PAGE_ROWS}"])
        bookmark = window.bookmark or {}
        if tracking and bookmark.get("query") == query:
            try:
                first = self._service.page(bookmark["delta_link"], prefer=prefer)
            except PermanentError:
                pass  # The token has expired, whatever code says so; a lack of permission turns up again below.
            else:
                yield from self._changes(obj, query, first, prefer)
                return
        yield from self._everything(obj, query, self._service.page(query, prefer=prefer), prefer)
        yield CompleteSet()

    def _everything(self, obj: RawObject, query: str, first: Answer, prefer: str) -> Iterator[Fetched]:
        for answer in self._service.pages(first, prefer):
            yield self._names.renamed(obj, answer.value)
            yield from _bookmarked(query, answer)

    def _changes(self, obj: RawObject, query: str, first: Answer, prefer: str) -> Iterator[Fetched]:
        for answer in self._service.pages(first, prefer):
            changed, gone = [], []
            for record in answer.value:
                change = msgspec.json.decode(record, type=_Change)
                if change.context.endswith("$deletedEntity"):
                    gone.append(change.id)
                else:
                    changed.append(record)
            yield self._names.renamed(obj, changed)
            yield Deleted(gone)
            yield from _bookmarked(query, answer)

    def _described_table(self, logical_name: str) -> _Table:
        """Entity set, key and tracking of a table; Dataverse alone knows the plural of a custom one."""
        answer = self._service.page(
            f"{self._service.url}/EntityDefinitions",
            {
                "$select": "LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled",
                "$filter": f"LogicalName eq '{logical_name}'",
            },
        )
        if not answer.value:
            raise PermanentError(
                f"dynamics365: this organisation has no table {logical_name}; set entity_names to the name it has here "
                "(an empty name leaves the object out), see ingestion/sources/dynamics365/README.md"
            )
        return msgspec.json.decode(answer.value[0], type=_Table)


def _bookmarked(query: str, answer: Answer) -> Iterator[Bookmark]:
    if answer.delta_link:
        yield Bookmark({"query": query, "delta_link": answer.delta_link})
