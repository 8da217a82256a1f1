"""HTTP answers on the tape of the running load: kept as they came, or played back as if they came now."""

from __future__ import annotations

from collections.abc import Iterable

import requests

from ingestion.archive.redact import REDACTED
from ingestion.archive.tape import Answer, Player, Recorder, current

# Vendors' clocks, and what says how an error's text is encoded. No other header reaches raw.
_HEADERS = ("Date", "Content-Type")


def keep(response: requests.Response, confidential: Iterable[str]) -> None:
    """Keep the answer to the first request of ``response``, which may have been redirected.

    An error may repeat what was sent in confidence, which is struck from it; records are kept as they came.
    """
    tape = current()
    if isinstance(tape, Recorder):
        content = response.content
        for secret in confidential if response.status_code >= 400 else ():
            content = content.replace(secret.encode(), REDACTED.encode())
        asked = (response.history or [response])[0].request
        headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
        answer = Answer(content, response.status_code, headers)
        tape.keep(str(asked.method), str(asked.url), _body(asked), answer)


def play(request: requests.PreparedRequest) -> requests.Response:
    """The kept answer to ``request``, in a replay."""
    tape = current()
    assert isinstance(tape, Player)
    answer = tape.play(str(request.method), str(request.url), _body(request))
    response = requests.Response()
    response.status_code = answer.status or 200
    response.headers.update(answer.headers or {})
    response.url, response.request = str(request.url), request
    response._content = answer.content
    return response


def _body(request: requests.PreparedRequest) -> bytes | None:
    return request.body.encode() if isinstance(request.body, str) else request.body
