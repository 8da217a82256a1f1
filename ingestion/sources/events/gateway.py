"""The gateway: an ASGI application that proves who sent a request, stores its events and then acknowledges them.

In this order, so that nobody can make it do more than it must: known sender, rate, size and kind of content, signature
over the raw bytes, parsing, durable inbox, 2xx. What is proven and cannot be understood is stored with the reason.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ingestion.sources.events.group_commit import GroupCommit, InboxFull
from ingestion.sources.events.inbox import Inbox, InboxError, Received
from ingestion.sources.events.rate_limit import RateLimit
from ingestion.sources.events.receiver import (
    Answer,
    Event,
    Proof,
    Receiver,
    Refused,
    Request,
    Unreadable,
    named,
    unread,
)

_log = logging.getLogger(__name__)
# Headers that are kept with every event; none of them carries a secret.
EVIDENCE = ("content-type", "user-agent")
MAX_HEADER_CHARACTERS = 1_000
ACCEPTED = Answer()


@dataclass(frozen=True)
class Limits:
    """What the gateway takes. ``requests_per_second`` is for each sender from each address, with twice that at once."""

    body_bytes: int = 1 << 20
    body_seconds: float = 15.0
    requests_per_second: float = 200.0
    requests_at_once: int = 256
    waiting_events: int = 50_000
    waiting_bytes: int = 64 << 20


class Gateway:
    """Receives for ``receivers`` (sender -> receiver) into ``inbox``; ``public_url`` is what senders call it by."""

    def __init__(
        self, receivers: Mapping[str, Receiver], inbox: Inbox, public_url: str, limits: Limits | None = None
    ) -> None:
        self._receivers, self._inbox = receivers, inbox
        self._public_url = public_url.rstrip("/")
        self._limits = limits or Limits()
        rate = self._limits.requests_per_second
        self._rate = RateLimit(rate, max(1.0, 2 * rate))
        self._open_requests = 0
        self._store = GroupCommit(inbox, self._limits.waiting_events, self._limits.waiting_bytes)

    def app(self, more: Sequence[BaseRoute] = ()) -> Starlette:
        """The ASGI application: ``POST /events/<sender>``, ``GET /health``, and ``more`` that is served beside them."""
        own = [Route("/events/{sender}", self._receive, methods=["POST"]), Route("/health", self._health)]
        return Starlette(routes=[*own, *more], lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        await self._store.close()
        self._inbox.close()

    async def _health(self, _: HttpRequest) -> Response:
        return JSONResponse({"status": "ok", "senders": sorted(self._receivers)})

    async def _receive(self, http: HttpRequest) -> Response:
        sender = str(http.path_params["sender"])
        receiver = self._receivers.get(sender)
        if receiver is None:
            # Its name is the caller's own word: it does not go into the log.
            return Response(status_code=404)
        self._open_requests += 1
        try:
            return await self._accept(sender, receiver, http)
        except Refused as refused:
            _log.warning("%s: refused with %d: %s", sender, refused.status, refused.reason)
            return Response(status_code=refused.status, headers={"Connection": "close"})
        except _Later as later:
            _log.warning("%s: put off with %d: %s", sender, later.status, later.reason)
            return Response(status_code=later.status, headers={"Retry-After": str(max(1, math.ceil(later.seconds)))})
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            self._open_requests -= 1

    async def _accept(self, sender: str, receiver: Receiver, http: HttpRequest) -> Response:
        if self._open_requests > self._limits.requests_at_once:
            raise _Later(503, "too many requests at once", 1)
        if wait := self._rate.wait((sender, http.client.host if http.client else None)):
            raise _Later(429, "too many requests a second", wait)
        terms = receiver.terms
        request = await self._read(http, terms.content_types)
        proof = _verified(receiver, request)
        headers = _evidence(request.headers, (*EVIDENCE, *terms.evidence))
        events = [
            Received(
                source=sender,
                event_id=event.event_id,
                type=event.type,
                subject=event.subject,
                occurred_at=event.occurred_at,
                received_at=request.received_at,
                correlation_id=event.correlation_id,
                scheme=proof.scheme,
                key_id=proof.key_id,
                content_type=request.content_type,
                headers=headers,
                payload=event.payload,
                fingerprint=event.fingerprint,
                quarantine_reason=event.quarantine_reason,
            )
            for event in map(named, _events(receiver, request))
        ]
        if events:
            await self._keep(events)
        for reason in {event.quarantine_reason for event in events} - {None}:
            _log.warning("%s: stored in quarantine: %s", sender, reason)
        answer = terms.answers.get(request.content_type, ACCEPTED)
        return Response(answer.body, answer.status, media_type=answer.content_type)

    async def _keep(self, events: list[Received]) -> None:
        try:
            await self._store.store(events)
        except InboxFull:
            raise _Later(503, "too many events wait to be written", 2) from None
        except InboxError as error:
            raise _Later(503, str(error), 30) from None

    async def _read(self, http: HttpRequest, content_types: frozenset[str]) -> Request:
        """The whole request; raises Refused when it is too large, too slow or of a kind that this sender does not send."""
        # The header is only a claim, but one that is too large needs no reading.
        length = http.headers.get("content-length", "0")
        if length.isascii() and length.isdecimal() and int(length) > self._limits.body_bytes:
            raise Refused(413, "the body is too large")
        if http.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Refused(415, "the body is compressed")
        query = http.scope["query_string"].decode("latin-1")
        path = (http.scope.get("raw_path") or http.scope["path"].encode()).decode("latin-1")
        headers = {name.lower(): value for name, value in http.headers.items()}
        url = self._public_url + path + (f"?{query}" if query else "")
        request = Request(http.method, url, headers, b"", datetime.now(UTC))
        if request.content_type not in content_types:
            raise Refused(415, "the content type is not one that this sender sends")
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for chunk in http.stream():
                    body += chunk
                    if len(body) > self._limits.body_bytes:
                        raise Refused(413, "the body is too large")
        except TimeoutError:
            raise Refused(408, "the body did not arrive in time") from None
        return Request(http.method, url, headers, bytes(body), datetime.now(UTC))


class _Later(Exception):
    """The sender should come again after ``seconds``."""

    def __init__(self, status: int, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.status, self.reason, self.seconds = status, reason, seconds


def _verified(receiver: Receiver, request: Request) -> Proof:
    try:
        return receiver.verify(request)
    except Refused:
        raise
    except Exception as error:
        # Only what is proven is accepted. The error's text may repeat what was sent.
        raise Refused(401, f"it cannot be verified ({type(error).__name__})") from None


def _events(receiver: Receiver, request: Request) -> list[Event]:
    """What a verified request brings; nothing of it is lost because somebody did not foresee it."""
    try:
        return receiver.events(request)
    except Refused:
        raise
    except Unreadable as reason:
        return [unread(request.body, str(reason))]
    except Exception as error:
        return [unread(request.body, f"it could not be read ({type(error).__name__})")]


def _evidence(headers: Mapping[str, str], kept: tuple[str, ...]) -> str:
    """The headers to keep, as a JSON object in the order of their names."""
    names = {name for name in kept if not name.endswith("*")}
    prefixes = tuple(name[:-1] for name in kept if name.endswith("*"))
    found = {
        name: value[:MAX_HEADER_CHARACTERS]
        for name, value in sorted(headers.items())
        if name in names or (prefixes and name.startswith(prefixes))
    }
    return msgspec.json.encode(found).decode()
