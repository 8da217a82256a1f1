"""What this environment calls the entities and fields that the source reads."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from ingestion.http.errors import PermanentError
from ingestion.raw import RawObject
from ingestion.sources.dynamics365 import settings

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class Names:
    """``entity_names`` and ``field_names`` override those of settings.py; an empty entity name leaves an object out."""

    def __init__(
        self, entity_names: Mapping[str, str] | None = None, field_names: Mapping[str, str] | None = None
    ) -> None:
        standard = settings.TABLES | settings.ENTITY_SETS
        for setting, given, known in (
            ("entity_names", entity_names, standard),
            ("field_names", field_names, settings.FIELD_NAMES),
        ):
            for place, name in (given or {}).items():
                if place not in known:
                    raise PermanentError(
                        f"dynamics365: {setting} has the unknown entry {place}; known are {', '.join(sorted(known))}"
                    )
                if not _NAME.fullmatch(name) and not (name == "" and setting == "entity_names"):
                    raise PermanentError(
                        f"dynamics365: {name!r} for {place} is not a name of Dynamics 365; "
                        "see ingestion/sources/dynamics365/README.md"
                    )
        self._entities = standard | dict(entity_names or {})
        self._fields = settings.FIELD_NAMES | dict(field_names or {})

    def entity(self, obj: RawObject) -> str:
        """Name of the table or entity set; empty when this environment has none."""
        return self._entities[obj.name]

    def field(self, obj: RawObject, ours: str) -> str:
        return self._fields.get(f"{obj.name}.{ours}", ours)

    def select(self, obj: RawObject) -> str:
        """The value of ``$select``: all declared fields under their names here."""
        return ",".join(self.field(obj, ours) for ours in obj.columns)

    def renamed(self, obj: RawObject, page: list[msgspec.Raw]) -> list[msgspec.Raw]:
        """The records with their fields as the schema declares them; the values stay byte for byte."""
        names = {self.field(obj, ours): ours for ours in obj.columns if self.field(obj, ours) != ours}
        return [_rename(record, names) for record in page] if names else page


def _rename(record: msgspec.Raw, names: Mapping[str, str]) -> msgspec.Raw:
    try:
        fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        # Not a record at all: raw quarantines it as it came.
        return record
    return msgspec.Raw(msgspec.json.encode({names.get(name, name): value for name, value in fields.items()}))
