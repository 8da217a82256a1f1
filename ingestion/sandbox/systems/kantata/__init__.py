"""Kantata OX's stand-in: API v1 with the Brainstem envelope, over the facts of a PSA system."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from ingestion.sandbox.systems.kantata.brainstem import BadRequest, Row, Tables, envelope, page, select
from ingestion.sandbox.systems.kantata.presenters import PRESENTERS
from ingestion.sandbox.systems.kantata.rates import rate_line_id
from ingestion.sandbox.systems.kantata.records import Records
from ingestion.sandbox.systems.kantata.values import iso, vendor_id
from ingestion.sandbox.world import VendorSystem, World, bearer, json_response

_RETENTION = timedelta(days=9)
_CLIENT_ID, _CLIENT_SECRET = "sandbox-client", "sandbox-secret"
_KEPT_SELECTIONS = 16
_request_numbers = count(1)
# Facts whose records have events: prefix of the event type, and subject type.
_EVENTS = {
    "projects": ("workspace", "Workspace"),
    "time_entries": ("time_entry", "TimeEntry"),
    "assignments": ("workspace_allocation", "WorkspaceAllocation"),
    "milestones": ("billing_milestone", "BillingMilestone"),
    "progress_reports": ("story", "Story"),
}


class System(VendorSystem):
    """One Kantata OX account.

    ``ignored_params`` are query parameters that this server does not know, which it never says.
    """

    name = "kantata"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.ignored_params: frozenset[str] = frozenset()
        self._generation = 1
        self._indexed: tuple[int, Tables] | None = None
        self._selections: dict[tuple[Any, ...], list[Row]] = {}

    @property
    def access_token(self) -> str:
        """The token that is valid now."""
        return f"kantata-sandbox-{self._generation}"

    def external_id(self, kind: str, fact_id: str) -> str:
        """The id of a record; a rate card line's depends on whether it is the card's default rate."""
        if kind == "rate_card_lines":
            lines = (line for card in self.world.facts.rate_cards for line in card.lines)
            line = next((line for line in lines if line.id == fact_id), None)
            return rate_line_id(line) if line else f"role-{vendor_id(kind, fact_id)}"
        return vendor_id(kind, fact_id)

    def build_tables(self) -> dict[str, list[Row]]:
        return Records(self).build() | {"subscribed_events": self._events()}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/api/v1/{collection}", self._list),
            Route("/api/v1/{collection}/{record_id}", self._show),
        ]

    def credentials(self, base_url: str) -> dict[str, str]:
        return {
            "SOURCES__KANTATA__BASE_URL": f"{base_url}/api/v1",
            "SOURCES__KANTATA__TOKEN_URL": f"{base_url}/oauth/token",
            "SOURCES__KANTATA__CLIENT_ID": _CLIENT_ID,
            "SOURCES__KANTATA__CLIENT_SECRET": _CLIENT_SECRET,
        }

    def expire_tokens(self) -> None:
        self._generation += 1

    def rate_limited(self) -> Response:
        return PlainTextResponse("Too Many Requests", 429)

    def _events(self) -> list[Row]:
        """The change feed: what happened in the last nine days. Deletions are delivered twice, as duplicates may be."""
        rows: list[Row] = []
        for kind, (prefix, subject_type) in _EVENTS.items():
            for fact in self.facts(kind):
                deleted = fact.deleted_at is not None and fact.deleted_at <= self.now
                moment = fact.deleted_at if deleted else self.touched(fact)
                if moment < self.now - _RETENTION:
                    continue
                for copy in range(2 if deleted else 1):
                    event_type = f"{prefix}:{'deleted' if deleted else 'updated'}"
                    rows.append(
                        {
                            "id": vendor_id("subscribed_events", f"{event_type}/{fact.id}/{iso(moment)}/{copy}"),
                            "event_type": event_type,
                            "subject_type": subject_type,
                            "subject_id": int(vendor_id(kind, fact.id)),
                            "subject_changed_at": iso(moment),
                            "user_id": None,
                            "account_id": 1,
                            "created_at": iso(moment),
                            "updated_at": iso(moment),
                        }
                    )
        return rows

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        scheme, _, basic = request.headers.get("authorization", "").partition(" ")
        user, _, secret = b64decode(basic).decode().partition(":") if scheme.lower() == "basic" else ("", "", "")
        given = (form.get("client_id", user), form.get("client_secret", secret))
        if given != (_CLIENT_ID, _CLIENT_SECRET) or form.get("grant_type") != "client_credentials":
            return json_response({"error": "invalid_client", "error_description": "Client authentication failed."}, 401)
        return json_response({"access_token": self.access_token, "token_type": "bearer", "scope": "api_only"})

    def _list(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        name, params = request.path_params["collection"].removesuffix(".json"), dict(request.query_params)
        if name == "currencies":
            return _answer(self.tables()[name])
        if name not in PRESENTERS:
            return _error(404, "system", "Not Found")
        if params.get("search"):
            return _error(400, "system", "Searching is not supported")
        try:
            found = self._selection(name, params)
        except BadRequest as problem:
            return _error(422, "validation", str(problem))
        return _answer(page(name, PRESENTERS[name], found, params, self._index()))

    def _show(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        name, params = request.path_params["collection"], dict(request.query_params)
        record_id = request.path_params["record_id"].removesuffix(".json")
        if name not in PRESENTERS:
            return _error(404, "system", "Not Found")
        presenter = PRESENTERS[name]
        rows = self._index().where(name, "id", record_id)
        found = select(replace(presenter, required=()), rows, params, self.ignored_params)
        if not found:
            return _error(404, "system", "The object you requested could not be found.")
        return _answer({"count": 1} | envelope(name, presenter, found, params, self._index()))

    def _selection(self, name: str, params: Mapping[str, str]) -> list[Row]:
        """The filtered, ordered list, kept while its pages are asked for."""
        sought = {k: v for k, v in params.items() if k not in ("page", "per_page", "limit", "offset", "include")}
        key = (self.world.version, name, self.ignored_params, *sorted(sought.items()))
        if self.tamper or key not in self._selections:
            found = select(PRESENTERS[name], self._index()[name], params, self.ignored_params)
            if self.tamper:
                return found
            if len(self._selections) >= _KEPT_SELECTIONS:
                self._selections.clear()
            self._selections[key] = found
        return self._selections[key]

    def _index(self) -> Tables:
        if self.tamper:
            return Tables(self.tables())
        if self._indexed is None or self._indexed[0] != self.world.version:
            self._indexed = (self.world.version, Tables(self.tables()))
        return self._indexed[1]

    def _refusal(self, request: Request) -> Response | None:
        if bearer(request) == self.access_token:
            return None
        return _error(401, "oauth", "Invalid OAuth 2 Request")


def _answer(content: Any, status: int = 200) -> Response:
    response = json_response(content, status)
    response.headers["x-request-id"] = vendor_id("requests", str(next(_request_numbers)))
    return response


def _error(status: int, kind: str, message: str) -> Response:
    return _answer({"errors": [{"type": kind, "message": message}]}, status)
