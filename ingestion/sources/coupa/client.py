"""How Coupa is read: documents by modification time, page by page after the last id, and what is nested in them.

Pages by offset would skip or repeat records that change while they are read; pages by id do not. Documents are asked
for once a run: what several raw objects are cut from is kept in a temporary file.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import requests
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

from ingestion.http.auth import request_token
from ingestion.http.errors import PermanentError
from ingestion.http.session import RefreshableAuth, VendorSession
from ingestion.raw import CompleteFor, Page, RawObject, Window
from ingestion.sources.coupa.settings import (
    DEFAULT_SCOPE,
    PAGE_LIMIT,
    READINGS,
    REQUESTS_PER_SECOND,
    SYSTEM,
    TOKEN_PATH,
    TOKEN_SECONDS,
    TOKEN_SETTLE_SECONDS,
    Reading,
)

Fields = dict[str, msgspec.Raw]
NULL = msgspec.Raw(b"null")
SPOOL_MEMORY = 16 << 20


@configspec
class CoupaCredentials(BaseConfiguration):
    """An OAuth client of the company's instance (client credentials grant); ``base_url`` is the instance's address."""

    base_url: str = None  # type: ignore[assignment]
    client_id: str = None  # type: ignore[assignment]
    client_secret: TSecretStrValue = None  # type: ignore[assignment]
    scope: str = DEFAULT_SCOPE
    settle_seconds: float = TOKEN_SETTLE_SECONDS
    requests_per_second: float = REQUESTS_PER_SECOND


class _Identified(msgspec.Struct):
    id: Any = None


class _Spool:
    """Pages that were read in this run, for the next raw object that is cut from them."""

    def __init__(self, start: datetime | None) -> None:
        self._start = start
        # Lives as long as the run's client and leaves nothing behind: the file has no name.
        self._file = tempfile.SpooledTemporaryFile(max_size=SPOOL_MEMORY)  # noqa: SIM115
        self._sizes: list[int] = []

    def covers(self, start: datetime | None) -> bool:
        """Whether everything changed since ``start`` is here."""
        return self._start is None or (start is not None and start >= self._start)

    def write(self, page: Page) -> None:
        data = b"[" + b",".join(bytes(r) for r in page) + b"]"
        self._file.write(data)
        self._sizes.append(len(data))

    def read(self) -> Iterator[Page]:
        self._file.seek(0)
        for size in self._sizes:
            yield msgspec.json.decode(self._file.read(size), type=list[msgspec.Raw])


class CoupaClient:
    """One run's reading of one Coupa instance."""

    def __init__(self, config: CoupaCredentials) -> None:
        self._config = config
        self._base = config.base_url.rstrip("/")
        self._session = VendorSession(
            SYSTEM,
            RefreshableAuth(self._token),
            # Without it Coupa answers XML.
            headers={"Accept": "application/json"},
            min_interval=1 / config.requests_per_second,
            describe=_describe,
        )
        self._started: datetime | None = None
        self._spools: dict[str, _Spool] = {}

    def server_time(self) -> datetime:
        """Coupa's clock when this run began: documents kept from the first reading are complete up to then."""
        if self._started is None:
            self._started = self._session.server_time(f"{self._base}/api/suppliers?limit=1")
        return self._started

    def fetch(self, obj: RawObject, window: Window) -> Iterator[Page | CompleteFor]:
        """Records of ``obj``, or those nested in the documents that changed in ``window``."""
        reading = READINGS[obj.name]
        complete: list[int] = []
        for page in self._documents(reading.endpoint, window.start):
            if not reading.path:
                yield [_cut(record, reading) for record in page]
                continue
            exploded = [_explode(record, reading) for record in page]
            complete.extend(identity for _, identity in exploded if identity is not None)
            yield [child for children, _ in exploded for child in children]
        if reading.path:
            yield CompleteFor(complete)

    def _documents(self, endpoint: str, start: datetime | None) -> Iterator[Page]:
        spool = self._spools.get(endpoint)
        if spool and spool.covers(start):
            yield from spool.read()
            return
        spool = _Spool(start)
        for page in self._pages(endpoint, start):
            spool.write(page)
            yield page
        self._spools[endpoint] = spool

    def _pages(self, endpoint: str, start: datetime | None) -> Iterator[Page]:
        query = {"order_by": "id", "dir": "asc", "limit": str(PAGE_LIMIT)}
        if start:
            query["updated_at[gt_or_eq]"] = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        last = -1
        while True:
            page = self._session.json("GET", f"{self._base}/api/{endpoint}", type=list[msgspec.Raw], params=query)
            yield page
            if len(page) < PAGE_LIMIT:
                return
            highest = max(_ids(page), default=last)
            if highest <= last:
                raise PermanentError(
                    f"{SYSTEM}: the list of {endpoint} does not move on after id {last}, so it could not be read to its "
                    "end; check whether the instance supports id[gt] and order_by"
                )
            last = highest
            query["id[gt]"] = str(last)

    def _token(self) -> tuple[str, float | None]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret,
            "scope": self._config.scope,
        }
        answer = request_token(SYSTEM, self._base + TOKEN_PATH, form)
        time.sleep(self._config.settle_seconds)
        return str(answer["access_token"]), min(float(answer.get("expires_in", TOKEN_SECONDS)), TOKEN_SECONDS)


def _ids(page: Page) -> Iterator[int]:
    for record in page:
        try:
            found = msgspec.json.decode(record, type=_Identified).id
        except msgspec.DecodeError:
            continue
        if isinstance(found, int):
            yield found


def _fields(record: bytes | msgspec.Raw) -> Fields | None:
    try:
        return msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return None


def _cut(record: bytes | msgspec.Raw, reading: Reading, parents: Fields | None = None) -> bytes | msgspec.Raw:
    """The record with its parents' ids and without the nested lists that are raw objects of their own.

    What is not an object stays as it is: it is quarantined with its reason when it is converted.
    """
    fields = _fields(record)
    if fields is None or not (parents or reading.without & fields.keys()):
        return record
    return msgspec.json.encode({**(parents or {}), **{k: v for k, v in fields.items() if k not in reading.without}})


def _explode(record: bytes | msgspec.Raw, reading: Reading) -> tuple[list[bytes | msgspec.Raw], int | None]:
    """The records nested in a document and, if it names all of them, its id.

    A document whose lists are missing or unreadable has no id here, so that nothing of it looks deleted.
    """
    identity = next(_ids([record]), None)
    level: list[tuple[bytes | msgspec.Raw, Fields]] = [(record, {})]
    for list_name, id_name in zip(reading.path, reading.parents, strict=True):
        inner: list[tuple[bytes | msgspec.Raw, Fields]] = []
        for outer, parents in level:
            fields = _fields(outer) or {}
            children = _list(fields.get(list_name))
            if children is None:
                identity = None
                continue
            known = {**parents, id_name: fields.get("id", NULL)}
            inner.extend((child, known) for child in children)
        level = inner
    return [_cut(child, reading, parents) for child, parents in level], identity


def _list(value: msgspec.Raw | None) -> list[msgspec.Raw] | None:
    try:
        return None if value is None else msgspec.json.decode(value, type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return None


def _describe(response: requests.Response) -> str:
    """Coupa's messages, which come as ``{"errors": {subject: [message]}}``."""
    errors = response.json()["errors"]
    return "; ".join(f"{subject}: {', '.join(map(str, messages))}" for subject, messages in errors.items())
