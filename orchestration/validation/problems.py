"""Errors as RFC 9457 says them: application/problem+json, one sentence each, nothing of what was sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from orchestration.validation.answers import FeedState
from orchestration.validation.identity import AmbiguousError, UnknownError, stale_detail
from orchestration.validation.snapshot import NotAvailableError

MEDIA_TYPE = "application/problem+json"
_TYPES = "urn:leakage:problem:"


class Fault(BaseModel):
    """One thing that is wrong in a request."""

    pointer: str = Field(description="Where: the part of the request and the way to the field in it.")
    detail: str


class Problem(BaseModel):
    """Why there is no answer (RFC 9457)."""

    type: str = Field(examples=[_TYPES + "unknown"])
    title: str
    status: int
    detail: str
    faults: list[Fault] | None = Field(None, description="What is wrong in the request, field by field.")
    feeds: list[FeedState] | None = Field(None, description="Feeds that may know it and are not up to date.")


class ProblemError(Exception):
    """Ends a request with a problem; ``kind`` is the last part of its type."""

    def __init__(self, status: HTTPStatus, kind: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers = status, kind, detail, headers


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """How the document says that an operation may end in these."""
    schema = {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}
    return {int(s): {"description": s.phrase, "content": {MEDIA_TYPE: schema}} for s in statuses}


def say_problems(app: FastAPI) -> None:
    """Let every error of ``app`` end as a problem."""

    @app.exception_handler(ProblemError)
    def known(_: Request, error: ProblemError) -> JSONResponse:
        return _answer(error.status, error.kind, error.detail, error.headers)

    @app.exception_handler(NotAvailableError)
    def not_available(_: Request, error: NotAvailableError) -> JSONResponse:
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE, "not-available", f"{error}.", {"Retry-After": "60"})

    @app.exception_handler(UnknownError)
    def unknown(_: Request, error: UnknownError) -> JSONResponse:
        if error.blind:
            detail = f"{error}, which may be because {stale_detail(error.blind)}"
            return _answer(HTTPStatus.NOT_FOUND, "cannot-be-judged", detail, feeds=error.blind)
        return _answer(HTTPStatus.NOT_FOUND, "unknown", f"{error} in the published register.")

    @app.exception_handler(AmbiguousError)
    def ambiguous(_: Request, error: AmbiguousError) -> JSONResponse:
        return _answer(HTTPStatus.CONFLICT, "ambiguous", f"{error}.")

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [Fault(pointer="/".join(map(str, fault["loc"])), detail=fault["msg"]) for fault in error.errors()]
        detail = "The request cannot be read; faults say what is wrong where."
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, faults=faults)

    @app.exception_handler(HTTPException)
    def refused(_: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        return _answer(status, status.phrase.lower().replace(" ", "-"), f"{error.detail}.", dict(error.headers or {}))

    @app.exception_handler(Exception)
    def failed(_: Request, __: Exception) -> JSONResponse:
        detail = "The question could not be answered; the log of the gateway says why."
        return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", detail)


def _answer(
    status: HTTPStatus, kind: str, detail: str, headers: dict[str, str] | None = None, **members: Any
) -> JSONResponse:
    problem = Problem(type=_TYPES + kind, title=status.phrase, status=status, detail=detail, **members)
    body = problem.model_dump(mode="json", exclude_none=True)
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)
