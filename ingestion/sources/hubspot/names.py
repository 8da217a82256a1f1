"""What a portal calls the objects, properties and association labels that this product has its own names for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ingestion.http.errors import PermanentError
from ingestion.raw import RawObject
from ingestion.sources.hubspot import settings
from ingestion.sources.hubspot.schema import OBJECTS

_PROPERTIES = "properties."


class Names:
    """A portal's names; raises PermanentError for a name of something that is not read: a mistake would go unnoticed."""

    def __init__(
        self,
        objects: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        known = (f"{obj}.{name}" for obj in settings.OBJECT_NAMES for name in declared_properties(OBJECTS[obj]))
        self._objects = settings.OBJECT_NAMES | _checked("object_names", objects, settings.OBJECT_NAMES)
        self._properties = _checked("property_names", properties, known)
        self._labels = {
            theirs: ours for ours, theirs in _checked("association_labels", labels, settings.ASSOCIATION_LABELS).items()
        }

    def object_type(self, name: str) -> str:
        """The object type that the raw object ``name`` is read from; empty when the portal has none."""
        return self._objects[name]

    def properties(self, obj: RawObject) -> dict[str, str]:
        """Declared property -> its internal name here."""
        return {p: self._properties.get(f"{obj.name}.{p}", p) for p in declared_properties(obj)}

    def label(self, theirs: str | None) -> str | None:
        """The declared label of an association; any other label stays as it is."""
        return theirs if theirs is None else self._labels.get(theirs, theirs)


def declared_properties(obj: RawObject) -> list[str]:
    """The properties that ``obj`` declares."""
    return [name.removeprefix(_PROPERTIES) for name in obj.columns if name.startswith(_PROPERTIES)]


def declared(record: msgspec.Raw, names: Mapping[str, str]) -> bytes:
    """The record with its properties under their declared names and in the order of these; values stay byte for byte.

    ``names`` maps this portal's names to the declared ones. A property without a value is left out: HubSpot sends null
    for one that was never set and an empty text for one that was cleared.
    """
    fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    values = msgspec.json.decode(fields.get("properties", b"{}"), type=dict[str, msgspec.Raw])
    filled = {names.get(n, n): value for n, value in values.items() if bytes(value) not in (b"null", b'""')}
    fields["properties"] = msgspec.Raw(msgspec.json.encode(dict(sorted(filled.items()))))
    return msgspec.json.encode(fields)


def _checked(setting: str, names: Mapping[str, str] | None, known: Iterable[str]) -> dict[str, str]:
    if wrong := sorted(set(names or {}) - set(known)):
        raise PermanentError(f"hubspot: {setting} renames {wrong[0]}, which is not read; see the source's README")
    return dict(names or {})
