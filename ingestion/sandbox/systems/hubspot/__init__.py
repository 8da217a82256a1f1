"""HubSpot's stand-in: CRM objects, search, batches, associations, pipelines and properties, in v3/v4 and dated paths."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingestion.sandbox.systems.hubspot import access, catalog, search
from ingestion.sandbox.systems.hubspot.associations import Associations
from ingestion.sandbox.systems.hubspot.errors import ApiError, RateLimitError, correlation_id, error_response
from ingestion.sandbox.systems.hubspot.records import OWNER_ID, TYPE_OF_KIND, Records, moment, record_id
from ingestion.sandbox.world import VendorSystem, World, json_response

MAX_LIST_ROWS, MAX_LIST_ROWS_WITH_HISTORY = 100, 50
MAX_BATCH, MAX_BATCH_WITH_HISTORY = 100, 50
MAX_URL_CHARS = 8_000

Record = dict[str, Any]
Handler = Callable[[Request, bytes], tuple[Any, int]]


class System(VendorSystem):
    """One portal with custom objects for statements of work, their lines, rate cards and change orders.

    ``object_names`` gives a type another name in this portal (``{"p_sow_line": "p_deal_line"}``); ``index_lag`` is how
    far the search index runs behind; ``access`` holds tokens and limits.
    """

    name: ClassVar[str] = "hubspot"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.access = access.Access()
        self.object_names: dict[str, str] = {}
        self.index_lag = timedelta()
        self.max_results = search.MAX_RESULTS
        self.associations = Associations(self)

    def external_id(self, kind: str, fact_id: str) -> str:
        if kind not in TYPE_OF_KIND:
            raise ValueError(f"hubspot keeps no {kind}; it knows {', '.join(TYPE_OF_KIND)}")
        return record_id(kind, fact_id)

    def build_tables(self) -> dict[str, list[Record]]:
        return Records(self).tables()

    def credentials(self, base_url: str) -> dict[str, str]:
        return {
            "SOURCES__HUBSPOT__BASE_URL": base_url,
            "SOURCES__HUBSPOT__ACCESS_TOKEN": access.ACCESS_TOKEN,
            # The limit that the portal's subscription has; the stand-in enforces it.
            "SOURCES__HUBSPOT__REQUESTS_PER_SECOND": "1000",
        }

    def oauth_credentials(self, base_url: str) -> dict[str, str]:
        """The other way in: an installed OAuth app instead of a private app's token."""
        return {
            "SOURCES__HUBSPOT__BASE_URL": base_url,
            "SOURCES__HUBSPOT__CLIENT_ID": access.CLIENT_ID,
            "SOURCES__HUBSPOT__CLIENT_SECRET": access.CLIENT_SECRET,
            "SOURCES__HUBSPOT__REFRESH_TOKEN": access.REFRESH_TOKEN,
            "SOURCES__HUBSPOT__REQUESTS_PER_SECOND": "1000",
        }

    def expire_tokens(self) -> None:
        self.access.expire()

    def rate_limited(self) -> Response:
        return error_response(RateLimitError("TEN_SECONDLY_ROLLING"))

    def routes(self) -> list[BaseRoute]:
        found: list[BaseRoute] = [
            Route(f"/oauth/{version}/token", self.access.token, methods=["POST"]) for version in ("v1", "v3", "2026-09")
        ]
        found += self._routes("GET", "/account-info/{version}/details", lambda r, b: (catalog.account(), 200))
        for objects in ("/crm/v3/objects/{type}", "/crm/objects/2026-09/{type}"):
            found += self._routes("POST", f"{objects}/search", self._search)
            found += self._routes("POST", f"{objects}/batch/read", self._batch_read)
            found += self._routes("GET", objects, self._list)
            found += self._routes("GET", f"{objects}/{{id}}", self._one)
        for family in ("/crm/v3", "/crm"):
            version = "" if family == "/crm/v3" else "/2026-09"
            found += self._routes("GET", f"{family}/properties{version}/{{type}}", self._properties)
            found += self._routes("GET", f"{family}/pipelines{version}/{{type}}", self._pipelines)
            found += self._routes("GET", f"{family}/owners{version}", self._owners)
        for pairs in ("/crm/v4/associations/{type}/{to_type}", "/crm/associations/2026-09/{type}/{to_type}"):
            found += self._routes("POST", f"{pairs}/batch/read", self.associations.batch_read)
            found += self._routes("GET", f"{pairs}/labels", self.associations.labels)
        found += self._routes("GET", "/crm/v4/objects/{type}/{id}/associations/{to_type}", self.associations.of_record)
        return [*found, *self._routes("GET", "/{rest:path}", _nothing)]

    def _routes(self, method: str, path: str, handle: Handler) -> list[BaseRoute]:
        async def endpoint(request: Request) -> Response:
            try:
                if len(str(request.url)) > MAX_URL_CHARS:
                    return Response("<html><body>414 Request-URI Too Large</body></html>", 414)
                self.access.admit(request)
                content, status = handle(request, await request.body())
                answer = json_response(content, status)
            except (ApiError, RateLimitError) as error:
                answer = error_response(error)
            answer.headers.update(self.access.headers(request))
            answer.headers["X-HubSpot-Correlation-Id"] = correlation_id(request.url.path)
            return answer

        return [Route(path, endpoint, methods=[method])]

    # --- objects

    def object_type(self, asked: str) -> catalog.ObjectType:
        """The type that a path names: by name, singular, id, or a custom object's full name; raises ApiError."""
        for name, each in catalog.CATALOG.items():
            here = self.object_names.get(name, name)
            spellings = {here, each.type_id}
            if here.startswith("p_"):
                spellings.add(f"p{catalog.PORTAL_ID}_{here.removeprefix('p_')}")
            elif not each.type_id.startswith("2-"):
                spellings.add(each.singular)
            if asked in spellings:
                return each
        if re.fullmatch(r"\d+-\d+", asked):
            raise ApiError(400, f"Invalid object or event type id: {asked}", None)
        raise ApiError(400, f"Unable to infer object type from: {asked}", None)

    def records(self, object_type: catalog.ObjectType, *, archived: bool) -> list[Record]:
        """The records of a type that are in the recycle bin, or those that are not."""
        return [r for r in self.tables()[object_type.name] if r["archived"] == archived]

    def _types(self, object_type: catalog.ObjectType) -> dict[str, str]:
        return catalog.property_types(object_type, self.tables()[object_type.name])

    def _list(self, request: Request, body: bytes) -> tuple[Any, int]:
        object_type = self.object_type(request.path_params["type"])
        history = _names(request, "propertiesWithHistory")
        most = MAX_LIST_ROWS_WITH_HISTORY if history else MAX_LIST_ROWS
        limit = whole(request.query_params.get("limit", "10"), "limit")
        if not 1 <= limit <= most:
            raise ApiError(400, f"The limit must be between 1 and {most}, inclusive; the value was {limit}")
        rows = sorted(self.records(object_type, archived=_flag(request)), key=lambda r: int(r["id"]))
        after = whole(request.query_params.get("after", "0"), "after")
        rows = [r for r in rows if int(r["id"]) > after]
        page = rows[:limit]
        shown = [self._shown(request, object_type, r, _names(request, "properties"), history) for r in page]
        answer: dict[str, Any] = {"results": shown}
        if len(rows) > limit:
            last = page[-1]["id"]
            link = str(request.url.include_query_params(after=last))
            answer["paging"] = {"next": {"after": last, "link": link}}
        return answer, 200

    def _one(self, request: Request, body: bytes) -> tuple[Any, int]:
        object_type = self.object_type(request.path_params["type"])
        row = self._by_id(object_type, archived=_flag(request)).get(request.path_params["id"])
        if row is None:
            raise ApiError(404, "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND")
        names, history = _names(request, "properties"), _names(request, "propertiesWithHistory")
        return self._shown(request, object_type, row, names, history), 200

    def _by_id(self, object_type: catalog.ObjectType, *, archived: bool) -> dict[str, Record]:
        """Records by id; a record that was merged is also found by each id that it had before."""
        found = {r["id"]: r for r in self.records(object_type, archived=archived)}
        before = {
            old: row
            for row in found.values()
            for old in (row["properties"].get("hs_merged_object_ids") or "").split(";")
        }
        return before | found

    def _batch_read(self, request: Request, body: bytes) -> tuple[Any, int]:
        object_type = self.object_type(request.path_params["type"])
        asked = _decoded(body)
        ids = [str(i["id"]) for i in asked.get("inputs", [])]
        names, history = asked.get("properties") or [], asked.get("propertiesWithHistory") or []
        most = MAX_BATCH_WITH_HISTORY if history else MAX_BATCH
        if not ids or len(ids) > most:
            raise ApiError(400, f"The number of inputs must be between 1 and {most}, it was {len(ids)}")
        known = self._by_id(object_type, archived=_flag(request))
        found = {known[i]["id"]: known[i] for i in ids if i in known}
        missing = [i for i in ids if i not in known]
        now = moment(self.now)
        answer: dict[str, Any] = {
            "status": "COMPLETE",
            "results": [self._shown(request, object_type, r, names, history) for r in found.values()],
            "startedAt": now,
            "completedAt": now,
        }
        if not missing:
            return answer, 200
        error = {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some objects, they may be deleted or not exist. Check that ids are valid.",
            "context": {"ids": missing},
        }
        return answer | {"numErrors": 1, "errors": [error]}, 207

    def _search(self, request: Request, body: bytes) -> tuple[Any, int]:
        object_type = self.object_type(request.path_params["type"])
        types = self._types(object_type)
        asked = search.parse(body, types, self.max_results)
        indexed = moment(self.now - self.index_lag)
        records = [r for r in self.records(object_type, archived=False) if r["updatedAt"] <= indexed]
        found = search.run(asked, records, types)
        start = search.offset(asked)
        end = start + asked.limit
        page = [self._shown(request, object_type, r, asked.properties, []) for r in found[start:end]]
        answer: dict[str, Any] = {"total": len(found), "results": page}
        if end < len(found) and asked.limit:
            answer["paging"] = {"next": {"after": str(end), "link": f"{request.url}?after={end}"}}
        return answer, 200

    def _shown(
        self, request: Request, object_type: catalog.ObjectType, row: Record, names: list[str], history: list[str]
    ) -> Record:
        """A record with the asked properties; those that do not exist are left out without a word."""
        held = row["properties"]
        always = (object_type.created, "hs_lastmodifieddate", "hs_object_id")
        wanted = [*names, *history, *always] if names or history else [*object_type.defaults]
        shown = {k: v for k, v in row.items() if k not in ("properties", "history")}
        shown["properties"] = {n: held[n] for n in sorted(set(wanted)) if n in held}
        if history:
            shown["propertiesWithHistory"] = {n: _history(row, n) for n in history if n in held}
        if asked := _names(request, "associations"):
            shown["associations"] = self.associations.inline(object_type, row["id"], asked)
        return shown

    # --- set-up

    def _properties(self, request: Request, body: bytes) -> tuple[Any, int]:
        object_type = self.object_type(request.path_params["type"])
        types = self._types(object_type)
        return {"results": [catalog.describe_property(object_type, n, kind) for n, kind in types.items()]}, 200

    def _pipelines(self, request: Request, body: bytes) -> tuple[Any, int]:
        object_type = self.object_type(request.path_params["type"])
        return {"results": [catalog.pipeline()] if object_type.name == "deals" else []}, 200

    def _owners(self, request: Request, body: bytes) -> tuple[Any, int]:
        owner = {
            "id": OWNER_ID,
            "email": "owner@firm.example",
            "type": "PERSON",
            "firstName": "Olga",
            "lastName": "Owner",
            "userId": 4021,
            "userIdIncludingInactive": 4021,
            "archived": False,
            "createdAt": "2020-01-01T00:00:00.000Z",
            "updatedAt": "2020-01-01T00:00:00.000Z",
        }
        return {"results": [] if _flag(request) else [owner]}, 200


def whole(text: str, name: str) -> int:
    """A whole number of a request; raises ApiError."""
    if not text.isdecimal():
        raise ApiError(400, f"Invalid {name}: {text}")
    return int(text)


def _history(row: Record, name: str) -> list[Record]:
    """The values that a property had, the newest first; other ones than the deal stage were set once."""
    once = [{"value": row["properties"][name], "timestamp": row["updatedAt"], "sourceType": "API"}]
    return list(row.get("history", {}).get(name, once))


def _names(request: Request, parameter: str) -> list[str]:
    return [n for value in request.query_params.getlist(parameter) for n in value.split(",") if n]


def _flag(request: Request) -> bool:
    return request.query_params.get("archived", "false").lower() == "true"


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, f"Invalid input JSON: {error}") from None


def _nothing(request: Request, body: bytes) -> tuple[Any, int]:
    raise ApiError(404, "resource not found", None)
