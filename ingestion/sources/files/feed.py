"""What is declared about one feed of files: its names, format, spelling and checks. One YAML file per feed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ingestion.contract import RawObject
from ingestion.http.errors import PermanentError
from ingestion.sources.files.schema import OBJECTS

BUILT_IN = Path(__file__).with_name("feeds")


class Refused(Exception):
    """A file breaks what is declared about its feed; the message says how, for the people who sent it."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Decimals(_Declared):
    """How numbers are written. ``indicator``: the sign stands in a column of its own, as debit or credit."""

    point: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", "'", " "] = ""
    negative: Literal["leading", "trailing", "parentheses", "indicator"] = "leading"


class Indicator(_Declared):
    """The column that says whether the amounts of a row are negative."""

    headers: tuple[str, ...]
    negative: tuple[str, ...]
    positive: tuple[str, ...]
    signs: tuple[str, ...] = Field(description="columns that it gives their sign")


class Trailer(_Declared):
    """The closing record of a delimited file: ``marker`` first, then at these places (1 = the marker)."""

    marker: str
    count: int | None = None
    total: int | None = None
    of: str | None = Field(None, description="column that the total adds up")


class Place(_Declared):
    """A field of a fixed-width record: first character (1 = the first) and length, counted after decoding."""

    start: int
    length: int
    implied_decimals: int = 0


class RecordTypes(_Declared):
    """Where a fixed-width record says what it is, and the letters for header, detail and trailer."""

    start: int = 1
    length: int = 1
    header: str = "H"
    detail: str = "D"
    trailer: str = "T"


class Control(_Declared):
    """Count and control total in the trailer of a fixed-width file; without one the file could be read askew."""

    count: Place
    total: Place
    of: str


class Totals(_Declared):
    """The last row of a sheet: ``label`` in its first filled cell, the sum in the column that it adds up."""

    label: tuple[str, ...]
    of: str


class Deletion(_Declared):
    """How a delta says that a record is gone: these values in a column of its own (or at a place of the record)."""

    values: tuple[str, ...]
    headers: tuple[str, ...] = ()
    place: Place | None = None


class _Layout(_Declared):
    dates: tuple[str, ...] = ("%Y-%m-%d",)
    decimals: Decimals = Decimals()
    deleted: Deletion | None = None


class Delimited(_Layout):
    """Text with a delimiter and a header row. ``columns`` lists the headers that a column is known by."""

    format: Literal["delimited"]
    encoding: Literal["utf-8", "utf-16", "cp1252", "latin-1"]
    delimiter: Literal[",", ";", "\t", "|"]
    columns: Mapping[str, tuple[str, ...]]
    optional: frozenset[str] = frozenset()
    indicator: Indicator | None = None
    trailer: Trailer | None = None


class FixedWidth(_Layout):
    """Records of one length with header and trailer."""

    format: Literal["fixed_width"]
    encoding: Literal["utf-8", "utf-16", "cp1252", "latin-1"]
    length: int
    record_type: RecordTypes = RecordTypes()
    columns: Mapping[str, Place]
    trailer: Control


class Workbook(_Layout):
    """One sheet of an XLSX file (the first, unless named) whose header row is found by its headers."""

    format: Literal["workbook"]
    sheet: str | None = None
    columns: Mapping[str, tuple[str, ...]]
    optional: frozenset[str] = frozenset()
    totals: Totals | None = None


class BankStatement(_Declared):
    """A format that declares itself: ISO 20022 camt.053, or BAI2."""

    format: Literal["camt.053", "bai2"]
    encoding: Literal["utf-8", "cp1252", "latin-1"] = "utf-8"


class Feed(_Declared):
    """One feed: files whose names match ``files`` fill the raw object of the feed's name.

    ``snapshot`` files hold the complete set, ``delta`` files what changed, ``statements`` what happened since the last.
    """

    feed: str
    title: str
    domain: Literal["erp", "bank"]
    files: re.Pattern[str]
    delivery: Literal["snapshot", "delta", "statements"]
    layout: Annotated[Delimited | FixedWidth | Workbook | BankStatement, Field(discriminator="format")]

    @model_validator(mode="before")
    @classmethod
    def _layout_beside_the_rest(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "layout" in data:
            return data
        own = {key: value for key, value in data.items() if key in cls.model_fields}
        return {**own, "layout": {key: value for key, value in data.items() if key not in cls.model_fields}}

    @model_validator(mode="after")
    def _fits_its_object(self) -> Feed:
        if self.feed not in OBJECTS:
            raise ValueError(f"no raw object is named {self.feed}")
        if self.delivery != "statements" and "stamp" not in self.files.groupindex:
            raise ValueError("files: name the time of the export in the pattern, as in (?P<stamp>\\d{14})")
        columns = getattr(self.layout, "columns", None)
        if columns is not None and set(columns) != set(self.object.columns) - self.object.provenance:
            differing = set(columns) ^ (set(self.object.columns) - self.object.provenance)
            raise ValueError(f"columns: {', '.join(sorted(differing))} declared on one side only")
        return self

    @cached_property
    def object(self) -> RawObject:
        """The raw object that the feed fills."""
        return OBJECTS[self.feed]


@cache
def load_feeds(folder: Path = BUILT_IN) -> dict[str, Feed]:
    """The declarations in ``folder`` by feed; raises PermanentError that names the file and what is wrong in it."""
    found: dict[str, Feed] = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            feed = Feed.model_validate(yaml.safe_load(path.read_text("utf-8")))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the feed"
            raise PermanentError(f"files: {path.name}: {where}: {first['msg']}; correct the declaration") from None
        except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
            reason = str(error).splitlines()[0]
            raise PermanentError(f"files: {path.name} cannot be read ({reason}); correct the declaration") from None
        if feed.feed in found:
            raise PermanentError(f"files: {path.name}: {feed.feed} is declared twice; one file declares a feed")
        found[feed.feed] = feed
    if not found:
        raise PermanentError(f"files: {folder} declares no feed; see ingestion/sources/files/README.md")
    return found
