"""Finance's OData service: entities over companies, offset pages, and its errors."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping

from starlette.responses import Response

from ingestion.sandbox.systems.dynamics365.catalog import FINANCE
from ingestion.sandbox.systems.dynamics365.odata import Dialect, ODataError, Record, folded, key_predicate
from ingestion.sandbox.systems.dynamics365.query import Query, parsed_resource, written
from ingestion.sandbox.world import json_response, stable_number

LARGEST_PAGE = 10_000
_DIALECT = Dialect(has_in=False, has_wildcards=True)
_OPTIONS = ("select", "filter", "orderby", "top", "skip", "count")
_HEADERS = {"OData-Version": "4.0"}


class Finance:
    """One environment. ``entities`` gives the present records by entity set, ``company`` the caller's default company."""

    def __init__(self, entities: Callable[[], Mapping[str, list[Record]]], company: Callable[[], str]) -> None:
        self._entities = entities
        self._company = company

    def answer(self, query: Query) -> Response:
        """The answer to a GET below ``/data/``."""
        try:
            return self._answered(query)
        except ODataError as error:
            return failure(400, str(error))

    def _answered(self, query: Query) -> Response:
        data = query.address.removesuffix(query.resource)
        if not query.resource:
            sets = [{"name": name, "kind": "EntitySet", "url": name} for name in FINANCE]
            return json_response({"@odata.context": f"{data}$metadata", "value": sets}, headers=_HEADERS)
        set_name, key, _ = parsed_resource(query.resource)
        entity = FINANCE.get(set_name)
        if entity is None:
            return failure(404, f"No HTTP resource was found that matches the request URI '{query.address}'.")
        query.refuse_others(*_OPTIONS)
        rows = self._entities()[set_name]
        names = query.select(entity)
        if query.options.get("cross-company", "").lower() != "true" and "dataAreaId" in entity.columns:
            rows = [row for row in rows if row.get("dataAreaId") == self._company()]
        context = f"{data}$metadata#{set_name}"
        if key is not None:
            wanted = key_predicate(key, entity)
            matching = (row for row in rows if all(folded(row[k]) == folded(v) for k, v in wanted.items()))
            if (found := next(matching, None)) is None:
                return failure(404, f"No resources were found when selecting for {entity.set_name}.")
            return json_response({"@odata.context": f"{context}/$entity", **_shown(found, names)}, headers=_HEADERS)
        rows = query.run(rows, entity, _DIALECT)
        body: Record = {"@odata.context": context}
        if query.options.get("$count") == "true":
            # A key is there once, also when its record comes twice.
            body["@odata.count"] = len({tuple(folded(row.get(name)) for name in entity.keys) for row in rows})
        skip, top = query.whole("skip") or 0, query.whole("top")
        end = len(rows) if top is None else min(skip + top, len(rows))
        size = query.page_size(LARGEST_PAGE)
        body["value"] = [_shown(row, names) for row in rows[skip : min(skip + size, end)]]
        if skip + size < end:
            left = None if top is None else str(top - size)
            body["@odata.nextLink"] = query.link(skip=str(skip + size), top=left)
        return json_response(body, headers=_HEADERS)


def _shown(row: Record, names: list[str]) -> Record:
    version = stable_number("etag", *(str(value) for value in row.values()))
    etag = b64encode(f"0,{version}".encode()).decode()
    return {"@odata.etag": f'W/"{etag}"', **written(row, names)}


def failure(status: int, message: str) -> Response:
    """An error as Finance answers it: nothing in the code, what is wrong in the inner error."""
    inner = {"message": message, "type": "Microsoft.OData.ODataException", "stacktrace": "   at Microsoft.Dynamics.AX"}
    body = {"error": {"code": "", "message": "An error has occurred.", "innererror": inner}}
    return json_response(body, status, _HEADERS)
