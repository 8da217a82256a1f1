"""The stand-in's endpoints: token, SuiteQL, and the error bodies of NetSuite's REST services."""

from __future__ import annotations

from threading import Lock
from typing import Any, ClassVar
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingestion.sandbox.systems.netsuite.access import Access
from ingestion.sandbox.systems.netsuite.ids import Ids
from ingestion.sandbox.systems.netsuite.records import Builder
from ingestion.sandbox.systems.netsuite.suiteql import Engine, QueryError, reachable
from ingestion.sandbox.world import VendorSystem, World, json_response

MAX_LIMIT = 1000
_RFC = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
_LOGIN = (
    "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
    "Setup > Users/Roles > User Management > View Login Audit Trail."
)


class System(VendorSystem):
    """Oracle NetSuite. ``time_zone`` is the session's, in which SuiteQL shows datetimes."""

    name: ClassVar[str] = "netsuite"
    account: ClassVar[str] = "1234567_SB1"
    time_zone: ClassVar[str] = "America/Los_Angeles"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.access = Access(self.account)
        self._engine = Engine()
        self._loaded_version = 0
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
        return Builder(self, self.ids, ZoneInfo(self.time_zone)).build()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/services/rest/auth/oauth2/v1/token", self._token, methods=["POST"]),
            Route("/services/rest/query/v1/suiteql", self._suiteql, methods=["POST"]),
        ]

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
        authorization = request.headers.get("authorization", "")
        if not self.access.allows(request.method, str(request.url), authorization):
            return _error(401, "Unauthorized", "INVALID_LOGIN", _LOGIN)
        if request.headers.get("prefer", "").replace(" ", "").lower() != "transient":
            detail = "The required request header 'Prefer' is missing or its value is not 'transient'."
            return _error(400, "Bad Request", "INVALID_HEADER", detail)
        paging = request.query_params
        limit, offset = paging.get("limit", str(MAX_LIMIT)), paging.get("offset", "0")
        if not limit.isdigit() or not 1 <= int(limit) <= MAX_LIMIT or not offset.isdigit():
            detail = f"Invalid paging: limit must be between 1 and {MAX_LIMIT}, offset must not be negative."
            return _error(400, "Bad Request", "INVALID_PARAMETER", detail)
        try:
            query = msgspec.json.decode(await request.body())["q"]
        except (msgspec.DecodeError, KeyError, TypeError):
            return _error(400, "Bad Request", "INVALID_CONTENT", "The request body must be JSON with the query in 'q'.")
        return await run_in_threadpool(
            self._answer, str(query), int(limit), int(offset), str(request.url).split("?")[0]
        )

    def _answer(self, query: str, limit: int, offset: int, url: str) -> Response:
        self._refresh()
        now = self.now.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)
        try:
            table, found, total = self._engine.run(query, now, limit, offset)
        except QueryError as error:
            return _error(400, "Bad Request", "INVALID_PARAMETER", str(error))
        end = reachable(total, limit)
        items = self._tampered(table, [{"links": [], **item} for item in found[: max(end - offset, 0)]])
        more = offset + limit < end
        links = [{"rel": "self", "href": f"{url}?limit={limit}&offset={offset}"}]
        if more:
            links.append({"rel": "next", "href": f"{url}?limit={limit}&offset={offset + limit}"})
        body = {
            "links": links,
            "count": len(items),
            "hasMore": more,
            "items": items,
            "offset": offset,
            "totalResults": total,
        }
        return json_response(body, media="application/vnd.oracle.resource+json; type=collection")

    def _refresh(self) -> None:
        """Load the tables anew when the world has moved on; tampering changes what is sent, not what is stored."""
        with self._loading:
            if self._loaded_version != self.world.version:
                version = self.world.version
                self._engine.load(self.build_tables())
                self._loaded_version = version

    def _tampered(self, table: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        change = self.tamper.get(table)
        if change is None:
            return items
        return [changed for item in items if (changed := change(item)) is not None]


def _error(status: int, title: str, code: str, detail: str) -> Response:
    body = {
        "type": _RFC,
        "title": title,
        "status": status,
        "o:errorDetails": [{"detail": detail, "o:errorCode": code}],
    }
    return json_response(body, status, media="application/vnd.oracle.resource+json; type=error")
