"""The stand-in's endpoints: token, SuiteQL, the record service, and the error bodies of NetSuite's REST services."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingestion.sandbox.systems.netsuite import record_catalog
from ingestion.sandbox.systems.netsuite.access import Access
from ingestion.sandbox.systems.netsuite.contents import contents_of
from ingestion.sandbox.systems.netsuite.ids import Ids
from ingestion.sandbox.systems.netsuite.record import Presenter, rows_of
from ingestion.sandbox.systems.netsuite.record_catalog import CATALOG_PATH, SCHEMA_JSON, SWAGGER_JSON
from ingestion.sandbox.systems.netsuite.record_filter import FilterError
from ingestion.sandbox.systems.netsuite.record_filter import parse as parse_filter
from ingestion.sandbox.systems.netsuite.record_types import RECORD_TYPES, RecordType
from ingestion.sandbox.systems.netsuite.suiteql import Engine, QueryError, reachable
from ingestion.sandbox.world import VendorSystem, World, json_response

DEFAULT_LIMIT = MAX_LIMIT = 1000
_RECORDS = "/services/rest/record/v1"
_RESOURCE = "application/vnd.oracle.resource+json; type={}"
_RFC = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
_LOGIN = (
    "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
    "Setup > Users/Roles > User Management > View Login Audit Trail."
)


class RestError(Exception):
    """An answer of the record service other than success; ``place`` is the part of the request that is at fault."""

    def __init__(self, status: int, code: str, detail: str, **place: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.place = status, code, place


class System(VendorSystem):
    """Oracle NetSuite.

    ``time_zone`` is the session's, in which SuiteQL shows datetimes; ``date_format`` is the account's (as of strftime),
    in which the record service reads dates.
    """

    name: ClassVar[str] = "netsuite"
    account: ClassVar[str] = "1234567_SB1"
    time_zone: ClassVar[str] = "America/Los_Angeles"
    date_format = "%m/%d/%Y"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.access = Access(self.account)
        self._engine = Engine()
        self._loaded: tuple[int, Any] = (0, None)
        self._loading = Lock()
        self._ids = Ids(world.facts)
        self._ids_version = world.version

    @property
    def ids(self) -> Ids:
        if self._ids_version != self.world.version:
            self._ids, self._ids_version = Ids(self.world.facts), self.world.version
        return self._ids

    def external_id(self, kind: str, fact_id: str) -> str:
        return self.ids.external(kind, fact_id)

    def build_tables(self) -> dict[str, list[dict[str, Any]]]:
        return contents_of(self, self.ids, ZoneInfo(self.time_zone))

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/services/rest/auth/oauth2/v1/token", self._token, methods=["POST"]),
            Route("/services/rest/query/v1/suiteql", self._suiteql, methods=["POST"]),
            *self._resource(CATALOG_PATH, self._catalog),
            *self._resource(f"{CATALOG_PATH}/{{name}}", self._metadata),
            *self._resource(f"{_RECORDS}/{{record}}", self._collection),
            *self._resource(f"{_RECORDS}/{{record}}/{{id}}", self._instance),
            *self._resource(f"{_RECORDS}/{{record}}/{{id}}/{{sublist}}", self._lines),
        ]

    def _resource(self, path: str, handle: Callable[[Request], Response]) -> list[BaseRoute]:
        """A resource of the record service, which answers with and without a slash at the end."""

        def endpoint(request: Request) -> Response:
            if not self._is_allowed(request):
                return _login_refused()
            try:
                return handle(request)
            except RestError as error:
                return _error(error.status, _TITLES[error.status], error.code, str(error), **error.place)

        return [Route(path, endpoint), Route(f"{path}/", endpoint)]

    def credentials(self, base_url: str) -> dict[str, str]:
        return self._environment(
            base_url,
            client_id=self.access.client_id,
            certificate_id=self.access.certificate_id,
            private_key=self.access.private_key_pem,
        )

    def tba_credentials(self, base_url: str) -> dict[str, str]:
        """The environment for token-based authentication instead of OAuth 2.0."""
        return self._environment(
            base_url,
            consumer_key=self.access.consumer_key,
            consumer_secret=self.access.consumer_secret,
            token_id=self.access.token_id,
            token_secret=self.access.token_secret,
        )

    def _environment(self, base_url: str, **fields: str) -> dict[str, str]:
        fields |= {"account_id": self.account, "base_url": base_url, "time_zone": self.time_zone}
        return {f"SOURCES__NETSUITE__{name.upper()}": value for name, value in fields.items()}

    def expire_tokens(self) -> None:
        self.access.expire()

    def rate_limited(self) -> Response:
        """The concurrency limit; NetSuite calls it a bad request and does not say when to come back."""
        return _error(
            429, "Bad Request", "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."
        )

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        status, body = self.access.grant(form, str(request.url))
        return json_response(body, status)

    async def _suiteql(self, request: Request) -> Response:
        if not self._is_allowed(request):
            return _login_refused()
        if request.headers.get("prefer", "").replace(" ", "").lower() != "transient":
            detail = "The required request header 'Prefer' is missing or its value is not 'transient'."
            return _error(400, "Bad Request", "INVALID_HEADER", detail)
        try:
            limit, offset = _paging(request)
        except RestError as error:
            return _error(error.status, _TITLES[error.status], error.code, str(error))
        try:
            query = msgspec.json.decode(await request.body())["q"]
        except (msgspec.DecodeError, KeyError, TypeError):
            return _error(400, "Bad Request", "INVALID_CONTENT", "The request body must be JSON with the query in 'q'.")
        return await run_in_threadpool(self._answer, str(query), limit, offset, str(request.url).split("?")[0])

    def _answer(self, query: str, limit: int, offset: int, url: str) -> Response:
        self._refresh()
        now = self.now.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)
        try:
            table, found, total = self._engine.run(query, now, limit, offset)
        except QueryError as error:
            return _error(400, "Bad Request", "INVALID_PARAMETER", str(error))
        end = reachable(total, limit)
        items = self._tampered(table, [{"links": [], **item} for item in found[: max(end - offset, 0)]])
        return _page(items, url, limit, offset, total, reachable=end)

    # --- the record service

    def _catalog(self, request: Request) -> Response:
        """The list of record types; as OpenAPI when asked for, of those that ``select`` names."""
        chosen = list(RECORD_TYPES.values())
        if asked := request.query_params.get("select"):
            chosen = [self._type(name) for name in asked.split(",")]
        base = self._records_url(request)
        if SWAGGER_JSON in request.headers.get("accept", ""):
            return json_response(record_catalog.openapi(chosen, base), media=SWAGGER_JSON)
        entries = [record_catalog.entry(record, base) for record in chosen]
        return json_response({"items": entries, "links": [{"rel": "self", "href": f"{base}/metadata-catalog"}]})

    def _metadata(self, request: Request) -> Response:
        name, accepted = request.path_params["name"], request.headers.get("accept", "")
        if SCHEMA_JSON in accepted:
            schema = record_catalog.schemas().get(name.lower())
            if schema is None:
                raise _unknown_type(name)
            return json_response(schema, media=SCHEMA_JSON)
        record, base = self._type(name), self._records_url(request)
        if SWAGGER_JSON in accepted:
            return json_response(record_catalog.openapi([record], base), media=SWAGGER_JSON)
        return json_response(record_catalog.entry(record, base))

    def _collection(self, request: Request) -> Response:
        """Ids and links of the records that ``q`` leaves, page by page, in the order of their ids."""
        record, params = self._type(request.path_params["record"]), request.query_params
        rows = rows_of(record, self.tables())
        if query := params.get("q"):
            try:
                matches = parse_filter(query, record, self.date_format, self.time_zone)
            except FilterError as error:
                raise RestError(400, error.code, str(error), **{"o:errorQueryParam": "q"}) from None
            rows = [row for row in rows if matches(row)]
        limit, offset = _paging(request)
        show = self._presenter(request)
        items = [show.link(record, row) for row in rows[offset : offset + limit]]
        return _page(items, f"{self._records_url(request)}/{record.name}", limit, offset, len(rows))

    def _instance(self, request: Request) -> Response:
        record, row = self._found(request)
        expanded = request.query_params.get("expandSubResources", "").lower() == "true"
        only = frozenset(filter(None, request.query_params.get("fields", "").split(",")))
        body = self._presenter(request).record(record, row, expanded=expanded, only=only)
        return json_response(body, media=_RESOURCE.format("singular"))

    def _lines(self, request: Request) -> Response:
        record, row = self._found(request)
        name = request.path_params["sublist"]
        if name not in record.sublists:
            detail = f"The sub-resource '{name}' does not exist."
            raise RestError(404, "INVALID_CONTENT", detail, **{"o:errorUrl": request.url.path})
        return json_response(self._presenter(request).sublist(record, name, row), media=_RESOURCE.format("collection"))

    def _found(self, request: Request) -> tuple[RecordType, dict[str, Any]]:
        record, own = self._type(request.path_params["record"]), request.path_params["id"]
        row = next((row for row in rows_of(record, self.tables()) if str(row.get("id")) == own), None)
        if row is None:
            detail = "The record instance does not exist. Provide a valid record instance ID."
            raise RestError(404, "NONEXISTENT_ID", detail, **{"o:errorUrl": request.url.path})
        return record, row

    def _type(self, name: str) -> RecordType:
        if name.lower() not in RECORD_TYPES:
            raise _unknown_type(name)
        return RECORD_TYPES[name.lower()]

    def _presenter(self, request: Request) -> Presenter:
        return Presenter(self.tables(), self._records_url(request), ZoneInfo(self.time_zone))

    def _records_url(self, request: Request) -> str:
        return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}{_RECORDS}"

    def _is_allowed(self, request: Request) -> bool:
        return self.access.allows(request.method, str(request.url), request.headers.get("authorization", ""))

    def _refresh(self) -> None:
        """Load the tables anew when the world has moved on; tampering changes what is sent, not what is stored."""
        with self._loading:
            state = (self.world.version, self.arrange)
            if self._loaded != state:
                arrange = self.arrange or (lambda rows: rows)
                self._engine.load({name: arrange(rows) for name, rows in self.build_tables().items()})
                self._loaded = state

    def _tampered(self, table: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        change = self.tamper.get(table)
        if change is None:
            return items
        return [changed for item in items if (changed := change(item)) is not None]


_TITLES = {400: "Bad Request", 404: "Not Found"}


def _error(status: int, title: str, code: str, detail: str, **place: str) -> Response:
    body = {
        "type": _RFC,
        "title": title,
        "status": status,
        "o:errorDetails": [{"detail": detail, **place, "o:errorCode": code}],
    }
    return json_response(body, status, media=_RESOURCE.format("error"))


def _login_refused() -> Response:
    return _error(401, "Unauthorized", "INVALID_LOGIN", _LOGIN)


def _unknown_type(name: str) -> RestError:
    return RestError(404, "INVALID_RECORD_TYPE", f"Record type '{name}' does not exist.")


def _paging(request: Request) -> tuple[int, int]:
    params = request.query_params
    limit, offset = params.get("limit", str(DEFAULT_LIMIT)), params.get("offset", "0")
    if not limit.isdigit() or not 1 <= int(limit) <= MAX_LIMIT or not offset.isdigit():
        detail = f"Invalid paging: limit must be between 1 and {MAX_LIMIT}, offset must not be negative."
        raise RestError(400, "INVALID_PARAMETER", detail)
    return int(limit), int(offset)


def _page(
    items: list[dict[str, Any]], url: str, limit: int, offset: int, total: int, reachable: int | None = None
) -> Response:
    """One page of a collection with links to its neighbours; paging ends at ``reachable`` results."""
    end = total if reachable is None else reachable
    places = {"self": offset}
    if offset + limit < end:
        places |= {"next": offset + limit, "last": (end - 1) // limit * limit}
    if offset:
        places |= {"prev": max(offset - limit, 0), "first": 0}
    body = {
        "links": [{"rel": rel, "href": f"{url}?limit={limit}&offset={place}"} for rel, place in places.items()],
        "count": len(items),
        "hasMore": offset + limit < end,
        "items": items,
        "offset": offset,
        "totalResults": total,
    }
    return json_response(body, media=_RESOURCE.format("collection"))
