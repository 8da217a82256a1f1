"""A Salesforce org: OAuth 2.0 client credentials, REST query with locators, describe, replication and limits.

What is in the org is not said here: the CRM and every package that runs on the platform bring their own objects.
"""

from __future__ import annotations

import base64
import binascii
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingestion.sandbox.facts import Fact
from ingestion.sandbox.systems.salesforce.ids import record_id
from ingestion.sandbox.systems.salesforce.sobjects import SObject, describe, field_types
from ingestion.sandbox.systems.salesforce.soql import Query, SoqlError, parse
from ingestion.sandbox.systems.salesforce.values import moment
from ingestion.sandbox.world import VendorSystem, World, bearer, json_response

DAILY_REQUESTS = 100_000
DELETE_LOG_DAYS = 15
UPDATE_LOG_DAYS = 30
DEFAULT_BATCH = 2000
OPEN_LOCATORS = 50
_DATA = "/services/data/v{version}"

Record = dict[str, Any]


class ApiError(Exception):
    """An answer of the REST API other than success: HTTP status, errorCode and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class OrgRecords:
    """What all builders of an org's tables share: ids, and the audit fields of a fact's record."""

    def __init__(self, system: VendorSystem) -> None:
        self.system = system
        self.now = system.now

    def id_of(self, kind: str, fact_id: str | None) -> str | None:
        """The record's id of a fact; None for none."""
        return None if fact_id is None else self.system.external_id(kind, fact_id)

    def base(self, kind: str, fact: Fact, changed: datetime | None = None) -> Record:
        """Id and the audit fields; ``changed`` when something beside the fact itself moved the record later."""
        touched = self.system.touched(fact)
        stamp = max(touched, changed) if changed else touched
        return {
            "Id": self.system.external_id(kind, fact.id),
            "IsDeleted": self.is_deleted(fact),
            "CreatedDate": moment(min(fact.created_at or stamp, stamp)),
            "LastModifiedDate": moment(stamp),
            "SystemModstamp": moment(stamp),
        }

    def is_deleted(self, fact: Fact) -> bool:
        """Whether the record is in the recycle bin now."""
        return fact.deleted_at is not None and fact.deleted_at <= self.now

    def deletion(self, fact: Fact) -> datetime | None:
        """When the record went into the recycle bin."""
        return fact.deleted_at if self.is_deleted(fact) else None


class Org(VendorSystem):
    """The endpoints of one org over the objects of ``catalog``.

    ``object_names`` gives a custom object another API name in this org (``{"SOW_Line__c": "Deal_Line__c"}``).
    """

    catalog: ClassVar[Mapping[str, SObject]]
    client_id: ClassVar[str]
    client_secret: ClassVar[str]
    organization_id: ClassVar[str]
    user_id: ClassVar[str]

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.object_names: dict[str, str] = {}
        self.requests_used = 0
        self._tokens: set[str] = set()
        self._token_count = 0
        self._locators: OrderedDict[str, tuple[list[Record], int]] = OrderedDict()
        self._purged: dict[str, dict[str, datetime]] = {}

    @abstractmethod
    def records(self) -> dict[str, list[Record]]:
        """All records by object, as the facts stand."""

    @abstractmethod
    def living_ids(self) -> Mapping[str, Collection[str]]:
        """Per object whose records can go without a trace: ids of all records whose facts exist, heard of or not."""

    def build_tables(self) -> dict[str, list[Record]]:
        tables = self.records()
        for name, ids in self.living_ids().items():
            self._note_purged(name, ids)
        return tables

    def _note_purged(self, name: str, ids: Collection[str]) -> None:
        """Records whose fact is gone without a trace were deleted for good: only the delete log still knows them."""
        log = self._purged.setdefault(name, {})
        for row in self._tables.get(name, []):
            if row["Id"] not in ids:
                log.setdefault(row["Id"], self.now)
        for known in [key for key in log if key in ids]:
            del log[known]

    def credentials(self, base_url: str) -> dict[str, str]:
        section = f"SOURCES__{self.name.upper()}"
        return {
            f"{section}__LOGIN_URL": base_url,
            f"{section}__CLIENT_ID": self.client_id,
            f"{section}__CLIENT_SECRET": self.client_secret,
        }

    def expire_tokens(self) -> None:
        self._tokens.clear()

    def rate_limited(self) -> Response:
        return self._error(ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))

    def routes(self) -> list[BaseRoute]:
        def rest(path: str, handle: Any) -> Route:
            async def endpoint(request: Request) -> Response:
                self.requests_used += 1
                try:
                    if bearer(request) not in self._tokens:
                        raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
                    return self._answer(handle(request))
                except ApiError as error:
                    return self._error(error)
                except SoqlError as error:
                    return self._error(ApiError(400, error.code, str(error)))

            return Route(path, endpoint)

        resources = {
            "query": lambda r: self._query(r, deleted_too=False),
            "queryAll": lambda r: self._query(r, deleted_too=True),
            "query/{position}": self._query_more,
            "queryAll/{position}": self._query_more,
            "sobjects": self._sobjects,
            "sobjects/{object}": self._basics,
            "sobjects/{object}/describe": self._describe,
            "sobjects/{object}/deleted": self._deleted,
            "sobjects/{object}/updated": self._updated,
            "sobjects/{object}/{id}": self._record,
            "limits": self._limits,
        }
        # Salesforce takes every address with a slash behind it, too, and clients send both.
        paths = {f"{_DATA}/{path}{slash}": handle for path, handle in resources.items() for slash in ("", "/")}
        return [
            Route("/services/oauth2/token", self._token, methods=["POST"]),
            *(rest(path, handle) for path, handle in paths.items()),
            rest("/services/data/{rest:path}", self._nothing),
        ]

    async def _token(self, request: Request) -> Response:
        """Client credentials, in a Basic header or in the form; errors are objects, not lists."""
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        client_id, secret = _basic(request) or (form.get("client_id"), form.get("client_secret"))
        if form.get("grant_type") != "client_credentials":
            return _oauth_error("unsupported_grant_type", "grant type not supported")
        if client_id != self.client_id:
            return _oauth_error("invalid_client_id", "client identifier invalid")
        if secret != self.client_secret:
            return _oauth_error("invalid_client", "invalid client credentials")
        self._token_count += 1
        token = f"{self.organization_id[:15]}!sandbox.{self._token_count}"
        self._tokens.add(token)
        instance = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        answer = {
            "access_token": token,
            "instance_url": instance,
            "id": f"{instance}/id/{self.organization_id}/{self.user_id}",
            "token_type": "Bearer",
            "scope": "api",
            "issued_at": str(int(self.now.timestamp() * 1000)),
            "signature": base64.b64encode(token.encode()).decode(),
        }
        return json_response(answer)

    def _query(self, request: Request, *, deleted_too: bool) -> dict[str, Any]:
        query = parse(request.query_params.get("q", ""), self._types_or_none)
        records = self.tables()[str(self._standard_name(query.object_name))]
        if not deleted_too:
            records = [r for r in records if not r.get("IsDeleted")]
        version = request.path_params["version"]
        rows = [_projected(query, r, version) for r in query.run(records)]
        locator = record_id("0r8", str(self.world.version), str(self.requests_used))
        self._locators[locator] = (rows, _batch_size(request))
        if len(self._locators) > OPEN_LOCATORS:
            self._locators.popitem(last=False)
        return self._page(locator, 0, version)

    def _query_more(self, request: Request) -> dict[str, Any]:
        locator, _, offset = request.path_params["position"].rpartition("-")
        if locator not in self._locators or not offset.isdigit():
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(locator, int(offset), request.path_params["version"])

    def _page(self, locator: str, offset: int, version: str) -> dict[str, Any]:
        """A page of the snapshot behind ``locator``: later changes of its records do not show in it."""
        rows, size = self._locators[locator]
        end = offset + size
        answer: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows), "records": rows[offset:end]}
        if not answer["done"]:
            answer["nextRecordsUrl"] = f"{_DATA.format(version=version)}/query/{locator}-{end}"
        return answer

    def _sobjects(self, request: Request) -> dict[str, Any]:
        return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [self._summary(n) for n in self.catalog]}

    def _basics(self, request: Request) -> dict[str, Any]:
        return {"objectDescribe": self._summary(self._object(request)), "recentItems": []}

    def _summary(self, name: str) -> dict[str, Any]:
        """What describe says of an object itself, without its fields."""
        described = describe(self._api_name(name), self.catalog[name], {})
        return {k: v for k, v in described.items() if not isinstance(v, list)}

    def _record(self, request: Request) -> dict[str, Any]:
        """One living record with all its fields; ids may come in their short form of 15 characters."""
        name = self._object(request)
        for record in self.tables()[name]:
            if request.path_params["id"] in (record.get("Id"), str(record.get("Id"))[:15]) and not record.get(
                "IsDeleted"
            ):
                return _attributes(self._api_name(name), record, request.path_params["version"]) | record
        return self._nothing(request)

    def _describe(self, request: Request) -> dict[str, Any]:
        name = self._object(request)
        return describe(self._api_name(name), self.catalog[name], self._types(name))

    def _deleted(self, request: Request) -> dict[str, Any]:
        name = self._object(request)
        start, end = self._period(request, DELETE_LOG_DAYS)
        first, last = moment(start), moment(end)
        log = {r["Id"]: r["SystemModstamp"] for r in self.tables()[name] if r.get("IsDeleted") and "Id" in r}
        log |= {key: moment(at) for key, at in self._purged.get(name, {}).items()}
        return {
            "deletedRecords": [{"id": key, "deletedDate": at} for key, at in log.items() if first <= at < last],
            "earliestDateAvailable": moment(self.now - timedelta(days=DELETE_LOG_DAYS)),
            "latestDateCovered": moment(min(end, self.now)),
        }

    def _updated(self, request: Request) -> dict[str, Any]:
        name = self._object(request)
        start, end = self._period(request, UPDATE_LOG_DAYS)
        first, last = moment(start), moment(end)
        ids = [
            r["Id"]
            for r in self.tables()[name]
            if not r.get("IsDeleted") and first <= r.get("SystemModstamp", "") < last
        ]
        return {"ids": ids, "latestDateCovered": moment(min(end, self.now))}

    def _period(self, request: Request, days: int) -> tuple[datetime, datetime]:
        try:
            start = datetime.fromisoformat(request.query_params["start"])
            end = datetime.fromisoformat(request.query_params["end"])
        except (KeyError, ValueError):
            raise ApiError(400, "INVALID_REPLICATION_DATE", "start and end must be ISO 8601 with an offset") from None
        if start.tzinfo is None or end.tzinfo is None or end - start < timedelta(minutes=1):
            raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate must be a minute before endDate at least")
        if start < self.now - timedelta(days=days):
            raise ApiError(400, "INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
        return start, end

    def _limits(self, request: Request) -> dict[str, Any]:
        return {
            "DailyApiRequests": {"Max": DAILY_REQUESTS, "Remaining": DAILY_REQUESTS - self.requests_used},
            "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
        }

    def _nothing(self, request: Request) -> dict[str, Any]:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")

    def _api_name(self, standard: str) -> str:
        return self.object_names.get(standard, standard)

    def _standard_name(self, api_name: str) -> str | None:
        return next((n for n in self.catalog if self._api_name(n).lower() == api_name.lower()), None)

    def _object(self, request: Request) -> str:
        name = self._standard_name(request.path_params["object"])
        if name is None:
            self._nothing(request)
        return str(name)

    def _types(self, standard: str) -> dict[str, str]:
        return field_types(self.catalog[standard], self.tables()[standard])

    def _types_or_none(self, api_name: str) -> dict[str, str] | None:
        standard = self._standard_name(api_name)
        return self._types(standard) if standard else None

    def _answer(self, content: Any, status: int = 200) -> Response:
        usage = {"Sforce-Limit-Info": f"api-usage={self.requests_used}/{DAILY_REQUESTS}"}
        return json_response(content, status, usage)

    def _error(self, error: ApiError) -> Response:
        return self._answer([{"message": str(error), "errorCode": error.code}], error.status)


def _projected(query: Query, record: dict[str, Any], version: str) -> dict[str, Any]:
    fields = {name: record[name] for name in query.fields if name in record}
    return _attributes(query.object_name, record, version) | fields


def _attributes(object_name: str, record: dict[str, Any], version: str) -> dict[str, Any]:
    url = f"{_DATA.format(version=version)}/sobjects/{object_name}/{record.get('Id')}"
    return {"attributes": {"type": object_name, "url": url}}


def _batch_size(request: Request) -> int:
    """The size that ``Sforce-Query-Options: batchSize=N`` asks for; Salesforce reads it as a hint within 200 to 2000."""
    for option in request.headers.get("sforce-query-options", "").split(","):
        name, _, value = option.strip().partition("=")
        if name == "batchSize" and value.isdigit():
            return min(max(int(value), 200), DEFAULT_BATCH)
    return DEFAULT_BATCH


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return client_id, secret


def _oauth_error(error: str, description: str) -> Response:
    return json_response({"error": error, "error_description": description}, 400)
