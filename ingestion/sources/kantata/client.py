"""Reads Kantata OX over its REST API: the Brainstem envelope, the change feed and what the API leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import msgspec
import requests
from requests.auth import AuthBase

from ingestion.http.errors import PermanentError, TransientError
from ingestion.http.session import VendorSession
from ingestion.raw import CompleteFor, CompleteSet, Deleted, Page, RawObject, Window
from ingestion.sources.kantata.settings import (
    COLLECTIONS,
    EVENT_RETENTION,
    MAX_READINGS,
    PAGE_SIZE,
    PURPOSES,
    SYSTEM,
    TIME_ENTRY_OWNERS,
    Collection,
)

_Envelope = dict[str, msgspec.Raw]
_Keyed = dict[str, msgspec.Raw]


class _Reference(msgspec.Struct):
    key: str
    id: str


class _Meta(msgspec.Struct):
    count: int
    page_count: int


class StaticToken(AuthBase):
    """A bearer token that was issued once: Kantata's tokens do not expire, they are revoked."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class KantataClient:
    """One authenticated connection to a Kantata OX account.

    ``purposes`` are the rows of the raw object ``field_purposes``. Without ``change_feed`` (the account has not
    bought Subscribed Events) deletions are found by reading every list whole.
    """

    def __init__(
        self,
        base_url: str,
        auth: AuthBase,
        purposes: Iterable[Mapping[str, str]],
        *,
        change_feed: bool = True,
        session: VendorSession | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._purposes = list(purposes)
        self._change_feed = change_feed
        self._session = session or VendorSession(
            SYSTEM, auth, headers={"Accept": "application/json"}, describe=describe_error
        )

    def server_time(self) -> datetime:
        """The account's clock (UTC)."""
        return self._session.server_time(f"{self._base}/currencies")

    def fetch(self, obj: RawObject, window: Window) -> Iterable[Page | Deleted | CompleteFor | CompleteSet]:
        """Pages of the records of ``obj`` that changed in ``window``, then what was deleted in it."""
        if obj.name == "field_purposes":
            return [[msgspec.json.encode(row) for row in self._purposes]]
        if obj.name == "currencies":
            return [self._session.json("GET", f"{self._base}/currencies", list[msgspec.Raw])]
        if obj.name == "external_references":
            return self._external_references()
        if obj.name == "custom_field_values":
            return self._custom_field_values()
        if obj.name == "subscribed_events":
            return self._events(window.start)
        collection = COLLECTIONS[obj.name]
        if not obj.cursor or window.start is None:
            return self._whole(obj.name, collection)
        if not self._change_feed or self._server_now() - window.start > EVENT_RETENTION:
            return chain(self._whole(obj.name, collection), [CompleteSet()])
        return self._changes(obj.name, collection, window.start)

    def _server_now(self) -> datetime:
        return self.server_time().astimezone(UTC)

    def _whole(self, name: str, collection: Collection) -> Iterator[Page]:
        return _checked(name, collection, self._list(name, _ordered(collection.params, collection.backfill_order)))

    def _changes(self, name: str, collection: Collection, start: datetime) -> Iterator[Page | Deleted]:
        since = {"updated_after": start.isoformat(timespec="seconds")}
        params = _ordered(collection.params, collection.changes_order)
        yield from _checked(name, collection, self._list(name, params | since))
        if name == "time_entries":
            for owner in TIME_ENTRY_OWNERS:
                yield from self._list(owner, {"include": name} | since, side_loaded=name)
        if collection.deleted_event:
            yield Deleted(self._deleted(collection.deleted_event, start))

    def _events(self, start: datetime | None) -> Iterator[Page]:
        """What the change feed tells, as far back as it is kept; nothing where the account has none."""
        if self._change_feed:
            since = {"created_after": start.isoformat(timespec="seconds")} if start else {}
            yield from self._list("subscribed_events", {"order": "created_at:asc"} | since)

    def _deleted(self, event_type: str, start: datetime) -> list[str]:
        """Ids of the records that the change feed says were deleted; it may name one several times."""
        params = {
            "event_types": event_type,
            "created_after": start.isoformat(timespec="seconds"),
            "order": "created_at:asc",
        }
        ids: dict[str, None] = {}
        for page in self._list("subscribed_events", params):
            for raw in page:
                event = msgspec.json.decode(raw)
                # A filter that the server does not know is ignored without a word: every event would come.
                if event["event_type"] == event_type:
                    ids[str(event["subject_id"])] = None
        return list(ids)

    def _external_references(self) -> Iterator[Page]:
        for row in self._purposes:
            if row["kind"] == "external_reference":
                params = {"subject_type": row["subject_type"], "service_model": row["name"], "order": "created_at:asc"}
                yield from self._list("external_references", params)

    def _custom_field_values(self) -> Iterator[Page]:
        subject_types = {row["subject_type"]: None for row in self._purposes if row["kind"] == "custom_field"}
        for subject_type in subject_types:
            params = {"subject_type": subject_type, "include": "setter,custom_field", "order": "created_at:asc"}
            yield from self._list("custom_field_values", params)

    def _list(self, name: str, params: Mapping[str, str], side_loaded: str | None = None) -> Iterator[Page]:
        """All pages of one list, in the order of ``results``; or the ``side_loaded`` records that come with them.

        The pages of a list that changes meanwhile are offsets into different lists: when fewer records arrived than
        the server counts, the list is read again (raw drops what it holds already).
        """
        seen: set[str] = set()
        records: Page = []
        for _ in range(MAX_READINGS):
            number, meta = 1, _Meta(0, 1)
            while number <= meta.page_count:
                envelope = self._page(name, params, number)
                meta = msgspec.json.decode(envelope["meta"], type=_Meta)
                ids, records = _ordered_records(name, envelope)
                seen.update(ids)
                yield list(_keyed(envelope, side_loaded).values()) if side_loaded else records
                number += 1
            if len(seen) >= meta.count:
                return
        # Records without an id look like one and the same, however often they are read.
        if any("id" not in msgspec.json.decode(raw) for raw in records):
            raise PermanentError(f"{SYSTEM}: {name} arrive without id; report it to the vendor's support")
        raise TransientError(
            f"{SYSTEM}: {name} changed each time it was read ({len(seen)} of {meta.count} records in {MAX_READINGS} "
            "readings); run again at a quieter time"
        )

    def _page(self, name: str, params: Mapping[str, str], number: int) -> _Envelope:
        query: dict[str, Any] = {**params, "per_page": PAGE_SIZE, "page": number}
        envelope: _Envelope = self._session.json("GET", f"{self._base}/{name}", _Envelope, params=query)
        missing = [part for part in ("meta", "results") if part not in envelope]
        if missing:
            raise PermanentError(
                f"{SYSTEM}: the answer of {self._base}/{name} has no {missing[0]}; check that base_url is the API's address"
            )
        return envelope


def _ordered(params: Mapping[str, str], order: str | None) -> dict[str, str]:
    return {**params, "order": order} if order else dict(params)


def _keyed(envelope: _Envelope, name: str) -> _Keyed:
    return msgspec.json.decode(envelope[name], type=_Keyed) if name in envelope else {}


def _ordered_records(name: str, envelope: _Envelope) -> tuple[list[str], list[msgspec.Raw]]:
    """The records that ``results`` names: the keyed collection also holds side-loaded ones of the same kind."""
    references = msgspec.json.decode(envelope["results"], type=list[_Reference])
    keyed = _keyed(envelope, name)
    try:
        return [r.id for r in references], [keyed[r.id] for r in references]
    except KeyError as error:
        raise PermanentError(
            f"{SYSTEM}: {name} lists record {error} and does not contain it; report it to the vendor's support"
        ) from None


def _checked(name: str, collection: Collection, pages: Iterator[Page]) -> Iterator[Page]:
    """The same pages, once the first records have shown that the token's user may see finances."""
    checked = collection.expected_field is None
    for page in pages:
        if page and not checked:
            if not any(collection.expected_field in msgspec.json.decode(raw) for raw in page):
                raise PermanentError(
                    f"{SYSTEM}: {name} arrive without {collection.expected_field}; give the integration user "
                    "financial access to the account"
                )
            checked = True
        yield page


def describe_error(response: requests.Response) -> str:
    """The messages of Kantata's error envelope in one line."""
    try:
        errors = [e for e in response.json()["errors"] if isinstance(e, dict)]
    except (ValueError, KeyError, TypeError):
        return response.text[:200]
    text = "; ".join(str(e.get("message", e.get("type", ""))) for e in errors)[:200]
    return f"{text} (the access token is invalid or was revoked)" if response.status_code == 401 else text


def purpose_rows(names: Mapping[str, str], statuses: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The rows of ``field_purposes``: which name in this account serves which purpose on which kind of record.

    ``names`` overrides the default names of purposes; ``statuses`` maps the account's project statuses to
    planned, active or closed.
    """
    for purpose, default in PURPOSES.items():
        for subject_type in default.subject_types:
            yield _purpose_row(purpose, default.kind, subject_type, names.get(purpose, default.name))
    for name, status in statuses.items():
        yield _purpose_row(status, "project_status", "Workspace", name)


def _purpose_row(purpose: str, kind: str, subject_type: str, name: str) -> dict[str, str]:
    key = f"{kind}/{subject_type}/{name if kind == 'project_status' else purpose}"
    return {"purpose_key": key, "purpose": purpose, "kind": kind, "subject_type": subject_type, "name": name}
