"""One connection to the org that Certinia PSA runs in: Salesforce's, and what the configuration says beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ingestion.http.errors import PermanentError
from ingestion.raw import CompleteSet, Deleted, Page, RawObject, Window
from ingestion.sources.certinia.schema import CATALOG, PICKLIST_MEANING
from ingestion.sources.certinia.settings import MEANINGS, PICKLISTS, SYSTEM
from ingestion.sources.salesforce.client import Client

Picklists = Mapping[str, Mapping[str, str]]


class CertiniaClient(Client):
    """Reads the objects of the package and, as the raw object ``picklist_meaning``, what picklist values mean.

    The meanings are loaded so that every replay knows those that were in force. ``picklists`` (``Object.field`` ->
    value -> meaning) adds this org's values; the other arguments are those of ``Client``.
    """

    def __init__(self, *args: Any, picklists: Picklists | None = None, **kwargs: Any) -> None:
        super().__init__(*args, catalog=CATALOG, **kwargs)
        self._meanings = meaning_rows(picklists or {})

    def fetch(self, obj: RawObject, window: Window) -> Iterable[Page | Deleted | CompleteSet]:
        """Pages of the records of ``obj`` changed in ``window``, and keys that are gone for good."""
        if obj.name == PICKLIST_MEANING.name:
            return [[msgspec.json.encode(row) for row in self._meanings]]
        return super().fetch(obj, window)


def meaning_rows(picklists: Picklists) -> list[dict[str, str]]:
    """One row per picklist and value; raises PermanentError for a picklist or meaning that nothing reads."""
    for picklist, values in picklists.items():
        if picklist not in MEANINGS:
            raise PermanentError(f"{SYSTEM}: picklists has no {picklist}; choose from {', '.join(MEANINGS)}")
        if wrong := sorted(set(values.values()) - set(MEANINGS[picklist])):
            choice = ", ".join(MEANINGS[picklist])
            raise PermanentError(f"{SYSTEM}: picklists says {wrong[0]} for {picklist}; choose from {choice}")
    return [
        {"meaning_key": f"{picklist}={value}", "picklist": picklist, "value": value, "meaning": meaning}
        for picklist, values in PICKLISTS.items()
        for value, meaning in (values | dict(picklists.get(picklist, {}))).items()
    ]
