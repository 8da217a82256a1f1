"""Finance entities over all companies: masters complete each time, posted documents from a trailing window.

No public entity has a modification time, and there is no delta. Pages are offsets into live data, so a reading counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from ingestion.http.errors import TransientError
from ingestion.raw import CompleteWindow, Fetched, RawObject, Window
from ingestion.sources.dynamics365 import settings
from ingestion.sources.dynamics365.names import Names
from ingestion.sources.dynamics365.odata import Service, literal


class Finance:
    """Reads the entities of one Finance environment."""

    def __init__(self, service: Service, names: Names) -> None:
        self._service = service
        self._names = names

    def fetch(self, obj: RawObject, window: Window) -> Iterable[Fetched]:
        """Records of ``obj``: all of them, or those whose date lies in the window, which are then complete.

        When other than the announced number of different records came, records moved from page to page meanwhile and
        one may have been missed: everything is read again. What comes twice is one version to raw.
        """
        params = {
            "cross-company": "true",
            "$select": self._names.select(obj),
            "$orderby": ",".join(self._names.field(obj, key) for key in obj.key),
            "$count": "true",
        }
        if obj.cursor and window.start:
            params["$filter"] = f"{self._names.field(obj, obj.cursor)} ge {literal(window.start)}"
        prefer = f"odata.maxpagesize={settings.FINANCE_PAGE_ROWS}"
        for _ in range(settings.READINGS):
            first = self._service.page(f"{self._service.url}/{self._names.entity(obj)}", params, prefer)
            received: set[int] = set()
            for answer in self._service.pages(first, prefer):
                received.update(hash(bytes(record)) for record in answer.value)
                yield self._names.renamed(obj, answer.value)
            if len(received) == first.count:
                break
        else:
            raise TransientError(
                f"dynamics365: {self._names.entity(obj)} announced {first.count} records and delivered {len(received)}, "
                f"{settings.READINGS} times over; run again when nobody posts"
            )
        if obj.cursor:
            yield CompleteWindow()
