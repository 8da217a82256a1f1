"""The envelopes of HubSpot's answers, as far as this source reads them; records keep their bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Next(msgspec.Struct):
    after: str


class Paging(msgspec.Struct):
    next: Next | None = None


class Listed(msgspec.Struct):
    """A record of a list or search, read for its id."""

    id: str
    archivedAt: datetime | None = None
    properties: dict[str, str | None] = {}


class ListPage(msgspec.Struct):
    results: list[Listed]
    paging: Paging | None = None


class SearchPage(msgspec.Struct):
    """``total`` counts what matches, whatever part of it the page holds."""

    total: int
    results: list[Listed]


class BatchError(msgspec.Struct):
    category: str | None = None


class Batch(msgspec.Struct):
    """A batch that was read, perhaps in part (207)."""

    results: list[msgspec.Raw]
    errors: list[BatchError] = []


class WithHistory(msgspec.Struct):
    id: str
    propertiesWithHistory: dict[str, list[dict[str, Any]]] = {}


class Property(msgspec.Struct):
    name: str
    calculated: bool = False


class Properties(msgspec.Struct):
    results: list[Property]


class Pipeline(msgspec.Struct):
    id: str
    label: str
    stages: list[dict[str, Any]]


class Pipelines(msgspec.Struct):
    results: list[Pipeline]


class RecordId(msgspec.Struct):
    id: str


class Target(msgspec.Struct):
    """The other end of an association; its id is a number in some versions and text in others."""

    toObjectId: int | str
    associationTypes: list[dict[str, Any]]


class Associated(msgspec.Struct, rename={"from_": "from"}):
    from_: RecordId
    to: list[Target]
    paging: Paging | None = None


class AssociationBatch(msgspec.Struct):
    results: list[Associated]
    errors: list[BatchError] = []
