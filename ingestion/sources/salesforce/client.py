"""One connection to a Salesforce org: tokens, queries with locators, and the delete log."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import requests

from ingestion.http.auth import request_token
from ingestion.http.errors import NotFoundError, PermanentError, TransientError
from ingestion.http.session import TRANSIENT_STATUS, RefreshableAuth, VendorSession
from ingestion.raw import CompleteSet, Deleted, Page, RawObject, Window
from ingestion.sources.salesforce import settings
from ingestion.sources.salesforce.catalog import Catalog
from ingestion.sources.salesforce.schema import CATALOG

_log = logging.getLogger(__name__)


class _QueryPage(msgspec.Struct, rename="camel"):
    total_size: int
    done: bool
    records: list[msgspec.Raw]
    next_records_url: str | None = None


class _Field(msgspec.Struct, rename="camel"):
    name: str
    type: str
    calculated: bool = False


class _Described(msgspec.Struct):
    fields: list[_Field]
    replicateable: bool = False


class _DeletedRecord(msgspec.Struct):
    id: str


class _DeleteLog(msgspec.Struct, rename="camel"):
    deleted_records: list[_DeletedRecord]
    earliest_date_available: str


class _Key(msgspec.Struct):
    Id: str | None = None


class Client:
    """Reads one org through its REST API with the OAuth 2.0 client credentials flow.

    ``login_url`` is the org's My Domain address. ``catalog`` says what is read from it, and for which system.
    ``object_names`` and ``field_names`` map the catalog's API names to those of this org; an empty object name leaves
    that object out.
    """

    def __init__(
        self,
        login_url: str,
        client_id: str,
        client_secret: str,
        *,
        catalog: Catalog = CATALOG,
        api_version: str = settings.API_VERSION,
        object_names: Mapping[str, str] | None = None,
        field_names: Mapping[str, str] | None = None,
    ) -> None:
        self._catalog = catalog
        self._system = catalog.system
        self._token_url = f"{login_url.rstrip('/')}/services/oauth2/token"
        self._secret = (client_id, client_secret)
        self._api = f"/services/data/v{api_version.lstrip('v')}"
        self._object_names = self._checked("object_names", object_names, catalog.api_names.values())
        self._field_names = self._checked("field_names", field_names, catalog.declared_fields())
        self._instance: str | None = None
        self._auth = RefreshableAuth(self._fetch_token)
        self._session = VendorSession(
            self._system,
            self._auth,
            headers={"Accept": "application/json", "Sforce-Query-Options": f"batchSize={settings.PAGE_ROWS}"},
            is_transient=_is_transient,
            describe=_described_errors,
        )

    def server_time(self) -> datetime:
        """The org's clock (UTC)."""
        return self._session.server_time(self._url(f"{self._api}/limits"))

    def fetch(self, obj: RawObject, window: Window) -> Iterable[Page | Deleted | CompleteSet]:
        """Pages of the records of ``obj`` changed in ``window``, deleted ones included, and keys that are gone for good.

        The window is half open and ends with the second in which the org's clock stands: rows that are stamped later
        belong to the next run, which reads the overlap again. When the org's delete log does not reach back to its start,
        all records are read and those that are missing count as gone.
        """
        standard = self._catalog.api_names[obj.name]
        name = self._object_names.get(standard, standard)
        if not name:
            return
        described = self._describe(name)
        fields = self._select(obj, name, described)
        condition = self._catalog.conditions.get(obj.name)
        soql = f"SELECT {', '.join(fields.values())} FROM {name}"
        everything = f"{soql} WHERE {condition}" if condition else soql
        if not window.start:
            yield from self._query(obj, everything, fields)
            return
        end = self.server_time().replace(microsecond=0) + timedelta(seconds=1)
        gone: list[str] | None = []
        if described.replicateable:
            gone = self._delete_log(name, window.start, end)
        if gone is None:
            yield from self._query(obj, everything, fields)
            yield CompleteSet()
            return
        changed = f"{obj.cursor} >= {_literal(window.start)} AND {obj.cursor} < {_literal(end)}"
        conditions = f"{changed} AND {condition}" if condition else changed
        delivered: set[str | None] = set()
        for page in self._query(obj, f"{soql} WHERE {conditions}", fields):
            delivered.update(msgspec.json.decode(record, type=_Key).Id for record in page)
            yield page
        # The log names what is in the recycle bin too; those records were delivered with their flag.
        yield Deleted([key for key in gone if key not in delivered])

    def _query(self, obj: RawObject, soql: str, fields: Mapping[str, str]) -> Iterator[list[msgspec.Raw]]:
        """All pages of a query; the locator behind them is a snapshot, so its size is known from the first page on."""
        url, params = self._url(f"{self._api}/queryAll"), {"q": soql}
        renamed = {theirs: ours for ours, theirs in fields.items() if theirs != ours}
        received = 0
        while True:
            page = self._page(obj, url, params)
            received += len(page.records)
            yield [_rename(r, renamed) for r in page.records] if renamed else page.records
            if page.done or not page.next_records_url:
                break
            url, params = self._url(page.next_records_url), {}
        if received != page.total_size:
            raise TransientError(
                f"{self._system}: a query of {obj.name} announced {page.total_size} records and delivered {received}; run again"
            )

    def _page(self, obj: RawObject, url: str, params: dict[str, str]) -> _QueryPage:
        try:
            page: _QueryPage = self._session.json("GET", url, type=_QueryPage, params=params)
        except PermanentError as error:
            if settings.INVALID_QUERY_LOCATOR in str(error):
                # A locator lives for two days; the next run starts a new query and appends only what is new.
                raise TransientError(
                    f"{self._system}: the query of {obj.name} expired while it was read; run again"
                ) from None
            raise
        return page

    def _delete_log(self, name: str, start: datetime, end: datetime) -> list[str] | None:
        """Ids that the org's delete log names in [start, end); None when it does not reach back to ``start``."""
        if start < end - settings.DELETE_LOG_REACH:
            return None
        if end - start <= settings.DELETE_LOG_MINIMUM:
            return []
        period = {"start": start.isoformat(timespec="seconds"), "end": end.isoformat(timespec="seconds")}
        url = self._url(f"{self._api}/sobjects/{name}/deleted")
        log: _DeleteLog = self._session.json("GET", url, type=_DeleteLog, params=period)
        if datetime.fromisoformat(log.earliest_date_available) > start:
            return None
        return [record.id for record in log.deleted_records]

    def _describe(self, name: str) -> _Described:
        try:
            url = self._url(f"{self._api}/sobjects/{name}/describe")
            described: _Described = self._session.json("GET", url, type=_Described)
        except NotFoundError:
            raise PermanentError(
                f"{self._system}: this org has no object {name} that the integration user can see; grant read access, or set "
                "object_names to the name it has here (an empty name leaves the object out)"
            ) from None
        return described

    def _select(self, obj: RawObject, name: str, described: _Described) -> dict[str, str]:
        """Declared name -> name in this org of the fields to select: all declared ones it has, then undeclared ones.

        Formulas that are not declared are left out: they change without the record's SystemModstamp moving.
        """
        present = {f.name: f for f in described.fields}
        standard = self._catalog.api_names[obj.name]
        wanted = {ours: self._field_names.get(f"{standard}.{ours}", ours) for ours in obj.columns}
        missing = [ours for ours, theirs in wanted.items() if theirs not in present]
        for ours in missing:
            if ours in self._catalog.essential[obj.name]:
                raise PermanentError(
                    f"{self._system}: {name} has no field {wanted[ours]} that the integration user can see; grant read access "
                    f"to it, or set field_names for {standard}.{ours} to the name it has here"
                )
        if missing:
            _log.warning("%s: %s has no %s for this user; loaded as empty", self._system, name, ", ".join(missing))
        chosen = {ours: theirs for ours, theirs in wanted.items() if theirs in present}
        if obj.name in self._catalog.declared_only:
            return chosen
        length = sum(len(f) + 2 for f in chosen.values())
        for field in sorted(present.values(), key=lambda f: f.name):
            skipped = field.type in settings.SKIPPED_TYPES or field.name in settings.SKIPPED_FIELDS or field.calculated
            if skipped or field.name in chosen or field.name in chosen.values():
                continue
            length += len(field.name) + 2
            if length > settings.MAX_SELECT_CHARS:
                _log.warning(
                    "%s: %s has too many fields for one query; undeclared ones from %s on are left out",
                    self._system,
                    name,
                    field.name,
                )
                break
            chosen[field.name] = field.name
        return chosen

    def _checked(self, setting: str, names: Mapping[str, str] | None, known: Iterable[str]) -> dict[str, str]:
        """The configured names; a name of nothing that is read is a mistake that would go unnoticed."""
        if wrong := sorted(set(names or {}) - set(known)):
            raise PermanentError(
                f"{self._system}: {setting} renames {wrong[0]}, which is not read; see the source's README"
            )
        return dict(names or {})

    def _fetch_token(self) -> tuple[str, None]:
        """A new access token; Salesforce does not say how long it lives, the answer 401 does."""
        answer = request_token(self._system, self._token_url, {"grant_type": "client_credentials"}, self._secret)
        self._instance = str(answer.get("instance_url") or self._token_url.split("/services/")[0]).rstrip("/")
        return str(answer["access_token"]), None

    def _url(self, path: str) -> str:
        """The address of a root-relative path of this org; its host comes with the token."""
        if self._instance is None:
            self._auth.renew()
        return f"{self._instance}{path}"


def _literal(moment: datetime) -> str:
    """A SOQL datetime literal: unquoted, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rename(record: msgspec.Raw, names: Mapping[str, str]) -> msgspec.Raw:
    """The record with this org's field names as the declared ones; the values stay byte for byte."""
    fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    return msgspec.Raw(msgspec.json.encode({names.get(name, name): value for name, value in fields.items()}))


def _errors(response: requests.Response) -> list[dict[str, Any]]:
    try:
        body = response.json()
    except ValueError:
        return []
    return [e for e in body if isinstance(e, dict)] if isinstance(body, list) else []


def _is_transient(response: requests.Response) -> bool:
    """Limits come as 403, and Salesforce's edge answers 406 while an instance is busy."""
    if response.status_code == 403:
        return any(e.get("errorCode") == settings.REQUEST_LIMIT_EXCEEDED for e in _errors(response))
    return response.status_code in TRANSIENT_STATUS or response.status_code == 406


def _described_errors(response: requests.Response) -> str:
    """Error codes with the last line of their messages, where Salesforce says what is wrong."""
    found = [
        f"{e.get('errorCode')}: {(str(e.get('message') or '').splitlines() or [''])[-1][:160]}"
        for e in _errors(response)
    ]
    return "; ".join(found) or "no readable error"
