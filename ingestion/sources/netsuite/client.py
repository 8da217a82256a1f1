"""NetSuite over SuiteQL: keyset pages, children replaced with their owners, deletions from ``deletedrecord``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

import msgspec
import requests

from ingestion.http.errors import PermanentError
from ingestion.http.session import RefreshableAuth, VendorSession
from ingestion.raw import CompleteFor, Deleted, Page, RawObject, Window
from ingestion.sources.netsuite import settings
from ingestion.sources.netsuite.queries import SHAPES, Queries

_HEADERS = {"Prefer": "transient", "Content-Type": "application/json", "Accept": "application/json"}


class _Answer(msgspec.Struct):
    items: list[msgspec.Raw]
    hasMore: bool = False


class Client:
    """One authenticated connection to an account; ``base_url`` is its SuiteTalk address."""

    def __init__(
        self, base_url: str, auth: RefreshableAuth, queries: Queries, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/services/rest/query/v1/suiteql"
        self._queries = queries
        self._http = VendorSession(
            "netsuite",
            auth,
            headers=_HEADERS,
            describe=_described,
            backoff_seconds=settings.BACKOFF_SECONDS,
            sleep=sleep,
        )
        self._answered = False

    def server_time(self) -> datetime:
        """The account's clock (UTC), from its latest answer."""
        if not self._answered:
            self._ask("SELECT o.id FROM currency o WHERE ROWNUM <= 1")
        return self._http.server_time(self._url)

    def fetch(self, obj: RawObject, window: Window) -> Iterable[Page | Deleted | CompleteFor]:
        """Pages of ``obj``; in a bounded window then the children that are complete, and the records that are gone."""
        if self._queries.is_left_out(obj.name):
            return
        owner = SHAPES[obj.name].owner if obj.name in SHAPES else ""
        since = window.start
        changed: list[str] = []
        if owner and since is not None:
            # Listed before the children are read: an owner that changes in between is not taken for complete.
            changed = self._ids(partial(self._queries.changed_owners, owner, since))
        yield from self._pages(obj, since)
        if since is None or obj.snapshot:
            return
        deleted = self._ids(partial(self._queries.deletions, since))
        if owner:
            yield CompleteFor([*changed, *self._gone(owner, deleted)])
        if obj.key == ("id",):
            yield Deleted(self._gone(obj.name, deleted))

    def _pages(self, obj: RawObject, since: datetime | None) -> Iterator[Page]:
        after: list[str] | None = None
        while True:
            answer = self._ask(self._queries.page(obj, since, after))
            yield answer.items
            if not answer.hasMore:
                return
            last = _last_key(obj, answer.items)
            if last is None or last == after:
                raise PermanentError(
                    f"netsuite: a whole page of {obj.name} carries no {' and '.join(obj.key)}, so the next page "
                    "cannot be asked for; check that the role may see these fields"
                )
            after = last

    def _gone(self, name: str, deleted: Sequence[str]) -> list[str]:
        """Those of the ``deleted`` ids, which are of any type, that this record no longer has."""
        remaining: set[str] = set()
        for start in range(0, len(deleted), settings.MAX_IN_LIST):
            some = deleted[start : start + settings.MAX_IN_LIST]
            remaining.update(_id(item) for item in self._ask(self._queries.existing(name, some)).items)
        return [i for i in deleted if i not in remaining]

    def _ids(self, query: Callable[[list[str] | None], str]) -> list[str]:
        found: list[str] = []
        while True:
            answer = self._ask(query(found[-1:] or None))
            found.extend(_id(item) for item in answer.items)
            if not answer.hasMore:
                return found

    def _ask(self, query: str) -> _Answer:
        answer: _Answer = self._http.json(
            "POST", self._url, _Answer, params={"limit": settings.PAGE_SIZE, "offset": 0}, json={"q": query}
        )
        self._answered = True
        return answer


def _id(item: msgspec.Raw) -> str:
    return str(msgspec.json.decode(item)["id"])


def _last_key(obj: RawObject, items: Sequence[msgspec.Raw]) -> list[str] | None:
    """The key of the last item that has one; an item without a key is quarantined, not a reason to stop."""
    for item in reversed(items):
        record = msgspec.json.decode(item)
        if all(record.get(name) is not None for name in obj.key):
            return [str(record[name]) for name in obj.key]
    return None


def _described(response: requests.Response) -> str:
    """NetSuite's error code and its own words; only the last of them say what is wrong with a query."""
    first = response.json()["o:errorDetails"][0]
    return f"{first['o:errorCode']}: {first['detail'].rpartition('Search error occurred: ')[2]}"
