"""How Concur is read: changed reports, and the children of all reports that may still change.

v3 cannot list changed entries, and says nothing of what was deleted. So each run lists the reports changed lately
and all open ones (the census), reads their children completely, and compares the open reports it knew with those
listed: one that is missing and cannot be read on its own either has been deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dlt
import msgspec
import requests

from ingestion.http.errors import NotFoundError, SourceError
from ingestion.http.session import TRANSIENT_STATUS, VendorSession
from ingestion.raw import CompleteFor, Deleted, Page, RawObject, Window
from ingestion.sources.concur.auth import ConcurAuth
from ingestion.sources.concur.settings import (
    ALLOCATED_TYPES,
    FINAL_PAYMENT_STATUS,
    OPEN_PAYMENT_STATUSES,
    OVERLAP,
    PAGE_LIMIT,
    PATHS,
    REREAD_WINDOW,
    SYSTEM,
    TRANSIENT_BAD_REQUESTS,
)

# More missing reports than this, and more than half of those known, mean that the credential sees less than before.
MAX_MISSING = 20
# Which objects say, on each record, whether there are children of the kind: none has to be asked for in vain.
TOLD_BY: dict[str, set[str]] = {
    "itemizations": {"entries"},
    "allocations": {"entries", "itemizations"},
}


class _Page(msgspec.Struct):
    Items: list[msgspec.Raw] = []
    NextPage: str | None = None


class _Head(msgspec.Struct):
    """The fields of a record that steer the reading; anything may be missing or of another type."""

    ID: Any = None
    ReportID: Any = None
    OwnerLoginID: Any = None
    PaymentStatusCode: Any = None
    HasItemizations: Any = None
    AllocationType: Any = None


class ConcurClient:
    """One run's reading of one company's Concur."""

    def __init__(self, auth: ConcurAuth) -> None:
        self._auth = auth
        self._session = VendorSession(
            SYSTEM,
            auth,
            headers={"Accept": "application/json"},
            is_transient=_is_transient,
            # An expired or revoked token is answered with 403, not 401.
            is_expired=lambda r: r.status_code in (401, 403),
            describe=_describe,
        )
        self._census_since: datetime | None = None
        self._owners: dict[str, str] | None = None
        self._open: set[str] = set()
        self._gone: dict[str, bool] = {}
        self._read: set[str] = set()
        self._having: dict[str, set[str]] = {"itemizations": set(), "allocations": set()}

    def server_time(self) -> datetime:
        """Concur's clock."""
        return self._session.server_time(f"{self._url('users')}?limit=1")

    def fetch(self, obj: RawObject, window: Window) -> Iterator[Page | Deleted | CompleteFor]:
        """Records of ``obj``; for the children of reports the window is their own, kept in the resource's state."""
        if obj.name == "users":
            yield from self._pages("users")
        elif obj.name == "reports":
            yield from self._reports(window)
        else:
            yield from self._children(obj)

    # --- reports

    def _reports(self, window: Window) -> Iterator[Page | Deleted]:
        yield from self._list_reports(self._since(window.start))
        gone, _ = self._missing(dlt.current.resource_state())
        yield Deleted(gone)

    def _since(self, last_read: datetime | None) -> datetime | None:
        """From when on changed reports are listed: everything (None) when nothing was read before."""
        return min(last_read, self.server_time() - REREAD_WINDOW) if last_read else None

    def _list_reports(self, since: datetime | None) -> Iterator[Page]:
        """Reports changed after ``since`` and all open ones; fills the census on the way."""
        queries: list[dict[str, str]] = [{}]
        if since:
            after = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000")
            queries = [{"modifiedDateAfter": after}, {"paymentStatusCode": OPEN_PAYMENT_STATUSES}]
        owners: dict[str, str] = {}
        is_open: set[str] = set()
        for query in queries:
            for page in self._pages("reports", user="ALL", **query):
                for head in _heads(page):
                    if isinstance(head.ID, str):
                        owners[head.ID] = str(head.OwnerLoginID)
                        (is_open.discard if head.PaymentStatusCode == FINAL_PAYMENT_STATUS else is_open.add)(head.ID)
                yield page
        self._owners, self._open, self._census_since = owners, is_open, since

    def _census(self, since: datetime | None) -> dict[str, str]:
        """Owners of all reports changed after ``since`` or open; listed once per run."""
        if self._owners is None or (self._census_since and (since is None or since < self._census_since)):
            for _ in self._list_reports(since):
                pass
        assert self._owners is not None
        return self._owners

    def _missing(self, state: dict[str, Any]) -> tuple[list[str], list[str]]:
        """(deleted, closed unnoticed): open reports of the last run that the census does not list any more.

        Remembers in ``state`` which reports are open now.
        """
        assert self._owners is not None
        known: dict[str, str] = state.get("open_reports", {})
        missing = [report for report in known if report not in self._owners]
        if len(missing) > max(MAX_MISSING, len(known) // 2):
            raise SourceError(
                f"{SYSTEM}: {len(missing)} of {len(known)} open reports are not listed any more, nothing was marked "
                "deleted; check that the token's owner still may read the reports of all users (user=ALL)"
            )
        gone = [report for report in missing if self._is_gone(report, known[report])]
        state["open_reports"] = {report: self._owners[report] for report in sorted(self._open)}
        return gone, [report for report in missing if report not in gone]

    def _is_gone(self, report: str, owner: str) -> bool:
        if report not in self._gone:
            try:
                self._session.request("GET", f"{self._url('reports')}/{report}", params={"user": owner})
                self._gone[report] = False
            except NotFoundError:
                self._gone[report] = True
        return self._gone[report]

    # --- children of reports

    def _children(self, obj: RawObject) -> Iterator[Page | CompleteFor]:
        state = dlt.current.resource_state()
        read_at = state.get("read_at")
        started = self.server_time()
        census = self._census(self._since(datetime.fromisoformat(read_at) - OVERLAP if read_at else None))
        gone, closed = self._missing(state)
        reports = [*census, *closed]
        if read_at is None and obj.name != "allocations":
            for page in self._pages(obj.name, user="ALL"):
                self._note_children(page)
                yield page
        else:
            for report in self._worth_asking(obj.name, reports):
                for page in self._pages(obj.name, user="ALL", reportID=report):
                    self._note_children(page)
                    # v3 does not say on an allocation which report it belongs to.
                    yield [_with_report(r, report) for r in page] if obj.name == "allocations" else page
            # After all pages: an entry that moved from one report to another is not gone.
            yield CompleteFor([*reports, *gone])
        self._read.add(obj.name)
        state["read_at"] = started.isoformat()

    def _worth_asking(self, name: str, reports: list[str]) -> list[str]:
        """Those of ``reports`` that have such children, as far as this run has read what says so."""
        if name in TOLD_BY and self._read.issuperset(TOLD_BY[name]):
            return [r for r in reports if r in self._having[name]]
        return reports

    def _note_children(self, page: Page) -> None:
        for head in _heads(page):
            if head.HasItemizations:
                self._having["itemizations"].add(str(head.ReportID))
            if head.AllocationType in ALLOCATED_TYPES:
                self._having["allocations"].add(str(head.ReportID))

    # --- requests

    def _url(self, name: str) -> str:
        return self._auth.geolocation + PATHS[name]

    def _pages(self, name: str, **params: str) -> Iterator[Page]:
        url: str | None = self._url(name)
        query: dict[str, str] | None = {"limit": str(PAGE_LIMIT), **params}
        while url:
            page = self._session.json("GET", url, type=_Page, params=query)
            yield page.Items
            # The next address carries the whole query; the token goes with it only to the company's own host.
            url, query = page.NextPage, None


def _heads(page: Page) -> Iterator[_Head]:
    for record in page:
        try:
            yield msgspec.json.decode(record, type=_Head)
        except msgspec.DecodeError:
            # Not an object: quarantined with its reason when it is converted.
            continue


def _with_report(record: bytes | msgspec.Raw, report: str) -> bytes | msgspec.Raw:
    try:
        fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return record
    return msgspec.json.encode({"ReportID": report} | fields)


def _is_transient(response: requests.Response) -> bool:
    if response.status_code == 400:
        return any(cause in response.text for cause in TRANSIENT_BAD_REQUESTS)
    return response.status_code in TRANSIENT_STATUS


def _describe(response: requests.Response) -> str:
    """Concur's own message and the id under which its support finds the request."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    error = body.get("Error") if isinstance(body, dict) else None
    message = error.get("Message") if isinstance(error, dict) else None
    return f"{message or response.text[:200]} (correlation id {response.headers.get('concur-correlationid', 'none')})"
