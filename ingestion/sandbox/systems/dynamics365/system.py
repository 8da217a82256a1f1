"""The stand-in's endpoints: Entra's tokens below ``/login``, Dataverse below ``/dataverse``, Finance below ``/finance``.

In reality these are three hosts; here each keeps its own base address, and with it its own token scope.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingestion.sandbox.systems.dynamics365 import finance
from ingestion.sandbox.systems.dynamics365.access import TENANT, Access
from ingestion.sandbox.systems.dynamics365.catalog import FINANCE, TABLES
from ingestion.sandbox.systems.dynamics365.dataverse import Dataverse, failure
from ingestion.sandbox.systems.dynamics365.finance import Finance
from ingestion.sandbox.systems.dynamics365.ids import Ids, guid
from ingestion.sandbox.systems.dynamics365.ledger import Ledger
from ingestion.sandbox.systems.dynamics365.odata import Record
from ingestion.sandbox.systems.dynamics365.projects import Projects
from ingestion.sandbox.systems.dynamics365.query import Query
from ingestion.sandbox.systems.dynamics365.tracking import ChangeLog
from ingestion.sandbox.world import VendorSystem, World, bearer, json_response

RETRY_AFTER_SECONDS = 1


class System(VendorSystem):
    """Microsoft Dynamics 365. Tables are named by the Dataverse table or the Finance entity set."""

    name: ClassVar[str] = "dynamics365"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.access = Access()
        self._log = ChangeLog()
        self._noted: tuple[int, Any] = (0, None)
        self._noting = Lock()
        self._ids, self._ids_version = Ids(world.facts), world.version
        self.dataverse = Dataverse(self._noted_tables, self._log)
        self.finance = Finance(self.tables, lambda: self.ids.first_company)

    @property
    def ids(self) -> Ids:
        if self._ids_version != self.world.version:
            self._ids, self._ids_version = Ids(self.world.facts), self.world.version
        return self._ids

    def external_id(self, kind: str, fact_id: str) -> str:
        return self.ids.external(kind, fact_id)

    def build_tables(self) -> dict[str, list[Record]]:
        return Projects(self).build() | Ledger(self).build()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/login/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            Route("/dataverse/api/data/v9.2/{resource:path}", self._dataverse, methods=["GET"]),
            Route("/finance/data/{resource:path}", self._finance, methods=["GET"]),
        ]

    def credentials(self, base_url: str) -> dict[str, str]:
        fields = {
            "tenant_id": TENANT,
            "client_id": self.access.client_id,
            "client_secret": self.access.client_secret,
            "dataverse_url": f"{base_url}/dataverse",
            "finance_url": f"{base_url}/finance",
            "authority_url": f"{base_url}/login",
        }
        return {f"SOURCES__DYNAMICS365__{name.upper()}": value for name, value in fields.items()}

    def expire_tokens(self) -> None:
        self.access.expire()

    def rate_limited(self) -> Response:
        """Dataverse's service protection limit; Finance's has the same status and header."""
        text = "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
        return failure(429, "0x80072322", text, {"Retry-After": str(RETRY_AFTER_SECONDS)})

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        resources = tuple(_resource(request, service) for service in ("dataverse", "finance"))
        trace, now = guid("trace", form.get("client_id", "")), self.now.strftime("%Y-%m-%d %H:%M:%SZ")
        if request.path_params["tenant"] != TENANT:
            return json_response({"error": "invalid_request", "error_codes": [90002]}, 400)
        status, body = self.access.grant(form, resources, trace, now)
        return json_response(body, status)

    async def _dataverse(self, request: Request) -> Response:
        resource = _resource(request, "dataverse")
        if not self.access.allows(bearer(request), resource):
            challenge = f"Bearer authorization_uri=https://login.microsoftonline.com/{TENANT}, resource_id={resource}"
            return Response(status_code=401, headers={"WWW-Authenticate": challenge})
        query = Query.of(request, request.path_params["resource"])
        return await run_in_threadpool(self.dataverse.answer, query, self.now)

    async def _finance(self, request: Request) -> Response:
        if not self.access.allows(bearer(request), _resource(request, "finance")):
            return finance.failure(401, "Authorization has been denied for this request.")
        query = Query.of(request, request.path_params["resource"])
        return await run_in_threadpool(self.finance.answer, query)

    def tables(self) -> dict[str, list[Record]]:
        tables = super().tables()
        # What a test adds to a record beside its columns is sent with whatever was selected.
        for name in self.tamper:
            columns = (TABLES.get(name) or FINANCE[name]).columns
            tables[name] = [{k if k in columns else f"+{k}": v for k, v in row.items()} for row in tables[name]]
        return tables

    def _noted_tables(self) -> dict[str, list[Record]]:
        """The tables, with what changed in them noted for change tracking."""
        with self._noting:
            tables = self.tables()
            state = (self.world.version, tuple(self.tamper.values()))
            if state != self._noted:
                rows = {
                    logical: {str(row.get(table.keys[0])): row for row in tables[logical]}
                    for logical, table in TABLES.items()
                }
                self._log.note(rows)
                self._noted = state
            return tables


def _resource(request: Request, service: str) -> str:
    """The address of a service, which is its token scope."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}/{service}"
