"""The Dataverse Web API: tables with their metadata, annotations, skip tokens, change tracking, and its errors."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from ingestion.sandbox.systems.dynamics365.catalog import DATAVERSE, DEFINITIONS, TABLES, Entity
from ingestion.sandbox.systems.dynamics365.ids import guid
from ingestion.sandbox.systems.dynamics365.odata import Dialect, ODataError, Record, key_predicate, known, selected
from ingestion.sandbox.systems.dynamics365.query import Query, parsed_resource, written
from ingestion.sandbox.systems.dynamics365.tracking import ChangeLog, ExpiredToken
from ingestion.sandbox.world import json_response

LARGEST_PAGE = 5000
MOST_COUNTED = 5000
TRACKING = "odata.track-changes"
_DIALECT = Dialect(has_in=True, has_wildcards=False)
_HEADERS = {"OData-Version": "4.0"}
_FORMATTED, _LOOKUP = "OData.Community.Display.V1.FormattedValue", "Microsoft.Dynamics.CRM.lookuplogicalname"
_ATTRIBUTE_TYPES = {
    "guid": "Uniqueidentifier", "text": "String", "int": "BigInt", "decimal": "Decimal", "money": "Money",
    "bool": "Boolean", "date": "DateTime", "datetime": "DateTime", "choice": "Picklist",
}  # fmt: skip
_OPTIONS = ("select", "filter", "orderby", "top", "count", "expand", "skiptoken", "deltatoken")


class Dataverse:
    """One organisation. ``tables`` gives the present rows by logical name; ``untracked`` tables have no change tracking."""

    def __init__(self, tables: Callable[[], Mapping[str, list[Record]]], log: ChangeLog) -> None:
        self._tables = tables
        self._log = log
        self.untracked: set[str] = set()

    def answer(self, query: Query, now: datetime) -> Response:
        """The answer to a GET below ``/api/data/v9.2/``."""
        try:
            return self._answered(query, now)
        except ODataError as error:
            return failure(400, "0x80060888", str(error))
        except ExpiredToken:
            return failure(
                400, "0x80044352", "Version stamp associated with the client has expired. Please perform a full sync."
            )

    def _answered(self, query: Query, now: datetime) -> Response:
        api = query.address.removesuffix(query.resource)
        set_name, key, _ = parsed_resource(query.resource)
        if not query.resource:
            sets = [{"name": name, "kind": "EntitySet", "url": name} for name in DATAVERSE]
            return json_response({"@odata.context": f"{api}$metadata", "value": sets}, headers=_HEADERS)
        if set_name == "WhoAmI":
            ids = {f"{kind}Id": guid("whoami", kind) for kind in ("BusinessUnit", "User", "Organization")}
            return json_response({"@odata.context": f"{api}$metadata#{set_name}Response", **ids}, headers=_HEADERS)
        entity = DEFINITIONS if set_name == DEFINITIONS.set_name else DATAVERSE.get(set_name)
        if entity is None:
            return failure(404, "0x80060888", f"Resource not found for the segment '{set_name}'.")
        query.refuse_others(*_OPTIONS)
        rows = self._definitions() if entity is DEFINITIONS else self._tables()[entity.logical]
        context = f"{api}$metadata#{set_name}"
        if key is not None:
            return self._single(query, entity, rows, key, context)
        if TRACKING in query.prefer or "$deltatoken" in query.options:
            return self._tracked(query, entity, rows, context, now)
        return self._listed(query, entity, rows, context)

    def _single(self, query: Query, entity: Entity, rows: list[Record], key: str, context: str) -> Response:
        wanted = key_predicate(key, entity)
        found = next((row for row in rows if all(row.get(name) == value for name, value in wanted.items())), None)
        if found is None:
            text = (
                f"{entity.logical or entity.set_name} With Id = {', '.join(map(str, wanted.values()))} Does Not Exist"
            )
            return failure(404, "0x80040217", text)
        return json_response(
            {"@odata.context": f"{context}/$entity", **self._shown(query, entity, found)}, headers=_HEADERS
        )

    def _listed(self, query: Query, entity: Entity, rows: list[Record], context: str) -> Response:
        found = query.run(rows, entity, _DIALECT)
        body: Record = {"@odata.context": context}
        if query.options.get("$count") == "true":
            body["@odata.count"] = min(len(found), MOST_COUNTED)
        top = query.whole("top")
        found = found if top is None else found[:top]
        page, cookie = _page(query, found, entity.keys[0], {})
        body["value"] = [self._shown(query, entity, row) for row in page]
        if cookie:
            body["@odata.nextLink"] = query.link(skiptoken=cookie)
        return json_response(body, headers=_HEADERS)

    def _tracked(self, query: Query, entity: Entity, rows: list[Record], context: str, now: datetime) -> Response:
        """A table with change tracking: all rows and a delta link, or what changed since a delta token."""
        for name in ("filter", "orderby", "expand", "top"):
            if f"${name}" in query.options:
                raise ODataError(f'The "${name}" query parameter isn\'t supported when Change Tracking is enabled.')
        if not entity.logical or entity.logical in self.untracked:
            return failure(400, "0x80072491", f"Entity: {entity.logical} does not have change tracking enabled.")
        # The next token is that of the first page: what changes between the pages belongs to the next reading.
        kept = _cookie(query) or {"token": self._log.token(now)}
        key = entity.keys[0]
        if "$deltatoken" in query.options:
            changed, gone = self._log.since(query.options["$deltatoken"], entity.logical, now)
            deleted = {"@odata.context": f"{context}/$deletedEntity", "reason": "deleted"}
            found = [*changed, *({key: own, **deleted} for own in gone)]
            context += "/$delta"
        else:
            found = query.run(rows, entity, _DIALECT)
        page, cookie = _page(query, found, key, {"token": kept["token"]})
        body: Record = {"@odata.context": context}
        if query.options.get("$count") == "true":
            body["@odata.count"] = min(len(found), MOST_COUNTED)
        body["value"] = [
            {**{k: v for k, v in row.items() if k != key}, "id": row[key]}
            if "reason" in row
            else self._shown(query, entity, row)
            for row in page
        ]
        if cookie:
            body["@odata.nextLink"] = query.link(skiptoken=cookie)
        else:
            body["@odata.deltaLink"] = query.link(skiptoken=None, deltatoken=kept["token"])
        return json_response(body, headers=_HEADERS | {"Preference-Applied": TRACKING})

    def _shown(self, query: Query, entity: Entity, row: Record) -> Record:
        """A row as it is sent: its etag, the selected columns, annotations when they were asked for, what is expanded."""
        names = [*entity.keys, *(name for name in query.select(entity) if name not in entity.keys)]
        shown: Record = {"@odata.etag": f'W/"{row["versionnumber"]}"'} if "versionnumber" in row else {}
        wanted = query.prefer.get("odata.include-annotations", "")
        for name, value in written(row, names).items():
            shown[name] = value
            kind = entity.columns.get(name, "")
            if value is None:
                continue
            if wanted in ("*", _LOOKUP) and kind.startswith("lookup"):
                shown[f"{name}@{_LOOKUP}"] = kind.removeprefix("lookup:")
            if wanted in ("*", _FORMATTED) and kind == "choice" and value in entity.choices.get(name, {}):
                shown[f"{name}@{_FORMATTED}"] = entity.choices[name][value]
        return shown | self._expanded(query.options.get("$expand", ""), entity, row)

    def _expanded(self, text: str, entity: Entity, row: Record) -> Record:
        """``lookup($select=a,b),...`` as records, and the ``Attributes`` of a table's definition."""
        found: Record = {}
        for name, inner in _navigations(text):
            if entity is DEFINITIONS and name == "Attributes":
                columns = TABLES[row["LogicalName"]].columns
                attributes = [
                    {"LogicalName": _attribute(column), "AttributeType": _ATTRIBUTE_TYPES.get(kind, "Lookup")}
                    for column, kind in columns.items()
                ]
                found[name] = [{k: v for k, v in a.items() if not inner or k in inner.split(",")} for a in attributes]
                continue
            column = known(f"_{name}_value", entity)
            target = TABLES[entity.columns[column].removeprefix("lookup:")]
            rows = self._tables()[target.logical]
            other = next((r for r in rows if r.get(target.keys[0]) == row[column]), None)
            found[name] = written(other, [target.keys[0], *selected(inner, target)]) if other else None
        return found

    def _definitions(self) -> list[Record]:
        return [
            {
                "LogicalName": table.logical, "SchemaName": table.logical, "EntitySetName": table.set_name,
                "LogicalCollectionName": table.set_name, "PrimaryIdAttribute": table.keys[0],
                "MetadataId": guid("metadata", table.logical), "CanChangeTrackingBeEnabled": True,
                "ChangeTrackingEnabled": table.logical not in self.untracked,
            }
            for table in TABLES.values()
        ]  # fmt: skip


def failure(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as Dataverse answers it."""
    return json_response({"error": {"code": code, "message": message}}, status, _HEADERS | dict(headers or {}))


def _page(query: Query, rows: list[Record], key: str, kept: Record) -> tuple[list[Record], str | None]:
    """The rows of this page, and the paging cookie of the next one: the last row's key, wherever that row is then."""
    size = query.page_size(LARGEST_PAGE)
    start, cookie = 0, _cookie(query)
    if cookie:
        keys = [row.get(key) for row in rows]
        start = keys.index(cookie["last"]) + 1 if cookie["last"] in keys else int(cookie["at"])
    page = rows[start : start + size]
    if start + size >= len(rows):
        return page, None
    text = msgspec.json.encode(kept | {"last": page[-1].get(key), "at": start + size})
    return page, urlsafe_b64encode(text).decode()


def _cookie(query: Query) -> dict[str, Any]:
    """What a skip token says; empty without one."""
    try:
        found: dict[str, Any] = msgspec.json.decode(urlsafe_b64decode(query.options.get("$skiptoken", "")) or b"{}")
    except (ValueError, msgspec.DecodeError):
        raise ODataError("Malformed XML in the Paging Cookie") from None
    return found


def _navigations(text: str) -> list[tuple[str, str]]:
    """Each navigation property of ``$expand`` with its own ``$select``."""
    found, depth, part = [], 0, ""
    for character in f"{text},":
        if character == "," and depth == 0:
            name, _, inner = part.strip().partition("(")
            if name:
                found.append((name, inner.rstrip(")").removeprefix("$select=")))
            part = ""
            continue
        depth += (character == "(") - (character == ")")
        part += character
    return found


def _attribute(column: str) -> str:
    """Logical name of the attribute behind a Web API column."""
    return column[1:].removesuffix("_value") if column.startswith("_") else column
