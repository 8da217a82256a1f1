"""The validation interface as an ASGI application, with the OpenAPI document that its types give."""

import asyncio
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query, Security
from fastapi.openapi.utils import get_openapi
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingestion.sources.events.rate_limit import RateLimit
from orchestration.validation import judgements, lookups, rates
from orchestration.validation.answers import CustomerAnswer, ProjectAnswer, RateAnswer, ValidationAnswer
from orchestration.validation.keys import Keys
from orchestration.validation.problems import Problem, ProblemError, responses, say_problems
from orchestration.validation.questions import (
    ExpenseQuestion,
    ProjectId,
    ProjectQuestion,
    RateQuestion,
    RecordId,
    TimeEntryQuestion,
)
from orchestration.validation.snapshot import Reader, Snapshot

VERSION = "1.0.0"
MAX_BODY_BYTES, BODY_SECONDS = 64 << 10, 15.0
# A question takes a core for a part of a second: more at once would only make all of them late.
QUESTIONS_AT_ONCE, PATIENCE_SECONDS = 4, 5.0

ALWAYS = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
NAMED = (*ALWAYS, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
POSTED = (*ALWAYS, HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def validation_app(snapshot: Snapshot, keys: Keys, requests_per_second: float = 20.0) -> ASGIApp:
    """The application to mount at ``/v1``."""
    app = FastAPI(
        title="Leakage validation interface",
        version=VERSION,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    say_problems(app)
    limit = RateLimit(requests_per_second, max(1.0, 2 * requests_per_second))
    may = _permission(keys, limit)
    places = threading.BoundedSemaphore(QUESTIONS_AT_ONCE)

    @contextmanager
    def asking() -> Iterator[Reader]:
        if not places.acquire(timeout=PATIENCE_SECONDS):
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE, "busy", "Too many questions are being answered.", {"Retry-After": "1"}
            )
        try:
            with snapshot.reading() as reader:
                yield reader
        finally:
            places.release()

    @app.get(
        "/customers/{id:path}", responses=responses(*NAMED), dependencies=[Security(may, scopes=["customers:read"])]
    )
    def customer(id: Annotated[RecordId, Path()]) -> CustomerAnswer:
        """A customer, by our id or that of any system."""
        with asking() as reader:
            return lookups.customer(reader, id)

    @app.get("/projects/{id:path}", responses=responses(*NAMED), dependencies=[Security(may, scopes=["projects:read"])])
    def project(id: Annotated[ProjectId, Path()]) -> ProjectAnswer:
        """A project, by our id, that of any system, or its code."""
        with asking() as reader:
            return lookups.project(reader, id)

    @app.get("/rates", responses=responses(*NAMED), dependencies=[Security(may, scopes=["rates:read"])])
    def rate(question: Annotated[RateQuestion, Query()]) -> RateAnswer:
        """The hourly rate that holds for a person or a role on a project, or for one of its contract lines, and why."""
        with asking() as reader:
            return rates.rate(reader, question)

    validating: dict[str, Any] = {
        "responses": responses(*POSTED),
        "dependencies": [Security(may, scopes=["validate"])],
    }

    @app.post("/validate/time-entry", **validating)
    def time_entry(question: TimeEntryQuestion) -> ValidationAnswer:
        """Whether an entry of time can be booked, and what it is worth."""
        with asking() as reader:
            return judgements.time_entry(reader, question)

    @app.post("/validate/expense", **validating)
    def expense(question: ExpenseQuestion) -> ValidationAnswer:
        """Whether an expense can be booked as billable, and what is rebilled of it."""
        with asking() as reader:
            return judgements.expense(reader, question)

    @app.post("/validate/project", **validating)
    def new_project(question: ProjectQuestion) -> ValidationAnswer:
        """Whether a project can be created, or repeats one that there is."""
        with asking() as reader:
            return judgements.project(reader, question)

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(
                title=app.title, version=app.version, description=validation_app.__doc__, routes=app.routes
            )
            found["servers"] = [{"url": "/v1"}]
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            found["components"]["schemas"] |= {**schema.pop("$defs", {}), Problem.__name__: schema}
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
    return _Bounded(app)


def _permission(keys: Keys, limit: RateLimit) -> Any:
    """The dependency that lets a caller through who has a key, the scope, and asked not too often."""
    bearer = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="A key from `leakage api-key`.")

    def permitted(
        wanted: SecurityScopes, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
    ) -> None:
        caller = keys.caller(given.credentials) if given else None
        if caller is None:
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED,
                "unauthorized",
                "Send a valid key as Authorization: Bearer.",
                {"WWW-Authenticate": "Bearer"},
            )
        if missing := [scope for scope in wanted.scopes if scope not in caller.scopes]:
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                "forbidden",
                f"This key lacks the scope {', '.join(missing)}.",
                {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{" ".join(missing)}"'},
            )
        if wait := limit.wait(caller.name):
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many-requests",
                "This key asks too often.",
                {"Retry-After": str(max(1, math.ceil(wait)))},
            )

    return permitted


class _Bounded:
    """Bodies that are too large or too slow end before anybody reads them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size, ends, open_ = 0, time.monotonic() + BODY_SECONDS, True

        async def bounded() -> Message:
            nonlocal size, open_
            if not open_:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(0.0, ends - time.monotonic()))
            except TimeoutError:
                raise HTTPException(408, "The body did not arrive in time") from None
            size += len(message.get("body", b""))
            open_ = message.get("more_body", False)
            if size > MAX_BODY_BYTES:
                raise HTTPException(413, "The body is too large")
            return message

        await self._app(scope, bounded if scope["type"] == "http" else receive, send)
