"""Workday as integrations see it: the web service Human_Resources (SOAP) and custom reports (RaaS, JSON).

Documented quirks that are kept: booleans are 1 and 0, attributes are qualified, descriptors absent, zero hits have no
Response_Data, every fault has status 500, what is not effective yet is not shown, empty columns of a report are missing.
What is not known for sure can be set: ``spelling_upper``, ``default_groups``, ``dates_with_zone``.
"""

from __future__ import annotations

import time
from base64 import b64decode
from datetime import date, datetime
from pathlib import Path
from string import Template
from typing import Any, ClassVar
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import jwt
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingestion.sandbox.systems.workday.records import Builder, wid
from ingestion.sandbox.systems.workday.services import OPERATIONS
from ingestion.sandbox.systems.workday.soap import Fault, envelope, parse
from ingestion.sandbox.world import VendorSystem, World, bearer, json_response, stable_number

TENANT, OWNER = "leakage", "isu_leakage"
USER, PASSWORD = "isu_leakage", "workday-isu-password-1"
CLIENT_ID, CLIENT_SECRET = "workday-client", "workday-client-secret-1"
REFRESH_TOKEN = "workday-refresh-token-1"
SIGNING_KEY = "the key with which this tenant signs its access tokens"
TOKEN_SECONDS = 3600
VERSIONS = range(20, 48)
WSDL = Path(__file__).with_name("human_resources.wsdl")
# Report name: the table behind it, and the columns that its prompts bound from below and above.
REPORTS: dict[str, tuple[str, dict[str, str]]] = {
    "Leakage_Time_Off": ("time_off", {"From_Date": "Time_Off_Date", "To_Date": "Time_Off_Date"}),
    "Leakage_Work_Calendars": ("work_calendars", {}),
    "Leakage_Holidays": ("holidays", {}),
    "Leakage_Worker_Calendars": ("worker_calendars", {}),
}


class System(VendorSystem):
    """The Workday stand-in; serves the hr domain. ``forbidden`` names tasks that the integration user may not do."""

    name: ClassVar[str] = "workday"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.zone = ZoneInfo("America/Los_Angeles")
        self.spelling_upper = False
        self.dates_with_zone = True
        self.default_groups = {"Include_Reference", "Include_Personal_Information", "Include_Employment_Information"}
        self.forbidden: set[str] = set()
        self._tokens: set[str] = set()
        self._issued = 0

    def external_id(self, kind: str, fact_id: str) -> str:
        """Workday's own id; of a company the reference id, which other systems carry."""
        return self.company_id(fact_id) if kind == "legal_entities" else wid(kind, fact_id)

    def company_id(self, entity: str) -> str:
        """Consultants give a company the id of its ledger, where there is one."""
        return self.world.ref("erp", "legal_entities", entity) or entity

    def build_tables(self) -> dict[str, list[dict[str, Any]]]:
        return Builder(self).build()

    def credentials(self, base_url: str) -> dict[str, str]:
        return {
            "SOURCES__WORKDAY__BASE_URL": base_url,
            "SOURCES__WORKDAY__TENANT": TENANT,
            "SOURCES__WORKDAY__USERNAME": USER,
            "SOURCES__WORKDAY__PASSWORD": PASSWORD,
            "SOURCES__WORKDAY__CLIENT_ID": CLIENT_ID,
            "SOURCES__WORKDAY__CLIENT_SECRET": CLIENT_SECRET,
            "SOURCES__WORKDAY__REFRESH_TOKEN": REFRESH_TOKEN,
        }

    def expire_tokens(self) -> None:
        """End all access tokens; the refresh token does not expire."""
        self._tokens.clear()

    def rate_limited(self) -> Response:
        """429 without a word about when to return."""
        return json_response({"error": "Too many requests"}, 429)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/ccx/oauth2/{tenant}/token", self._token, methods=["POST"]),
            Route("/ccx/service/customreport2/{tenant}/{owner}/{report}", self._report),
            Route("/ccx/service/{tenant}/{service}/{version}", self._wsdl, methods=["GET"]),
            Route("/ccx/service/{tenant}/{service}/{version}", self._soap, methods=["POST"]),
        ]

    # --- how this tenant writes things

    def spelling(self, organization_type: str) -> str:
        return organization_type.upper() if self.spelling_upper else organization_type

    def local(self, moment: datetime) -> datetime:
        """A moment with the tenant's offset."""
        return moment.astimezone(self.zone)

    def dated(self, day: date | None, key: str) -> str | None:
        """A date, now and then with an offset as XML Schema allows it."""
        if day is None:
            return None
        return f"{day}-08:00" if self.dates_with_zone and stable_number("zone", key) % 4 == 0 else day.isoformat()

    # --- SOAP

    async def _wsdl(self, request: Request) -> Response:
        if "wsdl" not in request.query_params:
            return Response("Method Not Allowed", 405)
        location = str(request.url).partition("?")[0]
        return Response(Template(WSDL.read_text("utf-8")).substitute(location=location), media_type="text/xml")

    async def _soap(self, request: Request) -> Response:
        path, body = request.path_params, await request.body()
        try:
            if path["service"] != "Human_Resources" or _major(path["version"]) not in VERSIONS:
                raise Fault.validation("The web service or version is invalid for the requested operation")
            call = parse(body)
            if path["tenant"] != TENANT or (call.user, call.password) != (f"{USER}@{TENANT}", PASSWORD):
                raise Fault("Client.authenticationError", "invalid username or password")
            operation = OPERATIONS.get(call.name)
            if operation is None:
                raise Fault.validation(f"Invalid request: element {call.name} is not known")
            if call.name in self.forbidden:
                raise Fault.processing("The task submitted is not authorized.")
            answer = operation(self, call.body)
        except Fault as fault:
            return fault.response()
        answer.set("{urn:com.workday/bsvc}version", path["version"])
        return envelope(answer)

    # --- OAuth and reports

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        client = _basic(request) or (form.get("client_id"), form.get("client_secret"))
        if client != (CLIENT_ID, CLIENT_SECRET) or request.path_params["tenant"] != TENANT:
            return json_response({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != REFRESH_TOKEN:
            return json_response({"error": "invalid_grant"}, 400)
        self._issued += 1
        claims = {"iss": CLIENT_ID, "sub": USER, "jti": str(self._issued), "exp": int(time.time()) + TOKEN_SECONDS}
        token = jwt.encode(claims, SIGNING_KEY, "HS256")
        self._tokens.add(token)
        return json_response({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})

    async def _report(self, request: Request) -> Response:
        path, query = request.path_params, request.query_params
        if not (bearer(request) in self._tokens or _basic(request) == (USER, PASSWORD)):
            return json_response({"error": "invalid username or password"}, 401)
        if path["tenant"] != TENANT or path["owner"] != OWNER or path["report"] not in REPORTS:
            return json_response({"error": "Custom report not found"}, 404)
        table, prompts = REPORTS[path["report"]]
        rows = self.tables()[table]
        if "xsds" in query:
            return Response(_xsd(path["report"], rows), media_type="text/xml")
        if query.get("format") != "json":
            return json_response({"error": "This stand-in writes reports as JSON only: ask with format=json"}, 400)
        try:
            # A date may carry the offset that prompts are often sent with.
            bounds = {name: date.fromisoformat(query[name][:10]).isoformat() for name in prompts if name in query}
        except ValueError as error:
            return json_response({"error": f"Invalid prompt value: {error}"}, 400)
        for name, bound in bounds.items():
            column = prompts[name]
            rows = [r for r in rows if (r[column] >= bound if name == "From_Date" else r[column] <= bound)]
        return json_response({"Report_Entry": [{k: v for k, v in row.items() if v is not None} for row in rows]})


def _major(version: str) -> int:
    head = version.removeprefix("v").partition(".")[0]
    return int(head) if head.isdecimal() else 0


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    user, _, password = b64decode(value).decode("utf-8", "replace").partition(":")
    return user, password


def _xsd(report: str, rows: list[dict[str, Any]]) -> str:
    """The schema of a report's rows, from which clients learn its columns."""
    columns = dict.fromkeys(name for row in rows for name in row)
    fields = "".join(f'<xsd:element name="{name}" type="xsd:string" minOccurs="0"/>' for name in columns)
    namespace = f"urn:com.workday.report/{report}"
    return (
        f'<xsd:schema xmlns:wd="{namespace}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        f' elementFormDefault="qualified" attributeFormDefault="qualified" targetNamespace="{namespace}">'
        '<xsd:element name="Report_Data" type="wd:Report_DataType"/>'
        '<xsd:complexType name="Report_EntryType"><xsd:sequence>'
        f"{fields}</xsd:sequence></xsd:complexType>"
        '<xsd:complexType name="Report_DataType"><xsd:sequence>'
        '<xsd:element name="Report_Entry" type="wd:Report_EntryType" minOccurs="0" maxOccurs="unbounded"/>'
        "</xsd:sequence></xsd:complexType></xsd:schema>"
    )
