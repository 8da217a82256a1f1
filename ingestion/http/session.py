"""One HTTP session per vendor: pacing, bounded retries, and one sentence when it fails."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
import requests
from requests.auth import AuthBase

from ingestion.archive.tape import is_replay, noted
from ingestion.http import taping
from ingestion.http.errors import CredentialsError, NotFoundError, PermanentError, TransientError

Answer = TypeVar("Answer")

# 420 is some vendors' 429; 509 and 52x come from the networks in front of them.
TRANSIENT_STATUS = frozenset({408, 420, 425, 429, 500, 502, 503, 504, 509, 520, 521, 522, 523, 524, 529})
MAX_ATTEMPTS = 6
BACKOFF_CAP_SECONDS = 30.0
# A vendor that asks for a longer pause (a daily limit) is left to a later run.
RETRY_AFTER_CAP_SECONDS = 300.0
TIMEOUT_SECONDS = (10, 120)
READ_BYTES = 1 << 18


class BrokenAnswer(Exception):
    """An answer breaks off: worth asking again. The message names its format."""


class RefreshableAuth(AuthBase):
    """Bearer authentication that can renew its token; each vendor's grant implements ``fetch_token``.

    ``fetch_token`` returns (token, lifetime in seconds or None when the vendor does not say).
    """

    def __init__(self, fetch_token: Callable[[], tuple[str, float | None]], renew_margin: float = 60) -> None:
        self._fetch = fetch_token
        self._margin = renew_margin
        self._token: str | None = None
        self._renew_at = float("inf")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is None or time.monotonic() >= self._renew_at:
            self.renew()
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self) -> None:
        """Get a new token now; raises PermanentError when the vendor refuses the credentials."""
        self._token, lifetime = self._fetch()
        self._renew_at = float("inf") if lifetime is None else time.monotonic() + max(lifetime - self._margin, 1)


class VendorSession:
    """Requests to one vendor.

    A transient answer (429, 5xx, a broken connection, truncated JSON) is tried again up to ``MAX_ATTEMPTS`` times,
    after Retry-After or an exponential wait with jitter; everything else is permanent. An expired token (``is_expired``
    decides) is renewed once per request. Only this vendor's requests wait: a throttled vendor delays nobody else.

    ``describe`` says in a few words what an answer with an error means and ``remedy`` what to do about a permanent one.
    These and the two predicates may stumble over a body that is not the vendor's own (a proxy's HTML page): the status
    decides then. What was sent in confidence is struck from every message, even when the vendor repeats it.

    Answers go to the archive of the running load, and come from there in a replay; those of a ``confidential`` session,
    which are secrets themselves, never do.
    """

    def __init__(
        self,
        system: str,
        auth: AuthBase | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        min_interval: float = 0.0,
        is_transient: Callable[[requests.Response], bool] | None = None,
        is_expired: Callable[[requests.Response], bool] | None = None,
        describe: Callable[[requests.Response], str] | None = None,
        remedy: str | None = None,
        backoff_seconds: float = 0.5,
        sleep: Callable[[float], None] = time.sleep,
        confidential: bool = False,
    ) -> None:
        self.system = system
        self.auth = auth
        self._http = requests.Session()
        self._http.headers.update(headers or {})
        self._min_interval = min_interval
        self._next_at = 0.0
        self._is_transient = _guarded(is_transient, lambda r: r.status_code in TRANSIENT_STATUS)
        self._is_expired = _guarded(is_expired, lambda r: r.status_code == 401)
        self._describe = _guarded(describe, lambda r: r.text[:2000])
        self._remedy = remedy
        self._backoff = backoff_seconds
        self._sleep = sleep
        self._confidential = confidential
        self._server_time: datetime | None = None

    def server_time(self, probe_url: str) -> datetime:
        """The vendor's clock: the Date header of its latest answer; ``probe_url`` is asked when there is none yet."""
        if self._server_time is None:
            self.request("GET", probe_url)
        return self._server_time or noted(datetime.now(UTC))

    def json(self, method: str, url: str, type: Any = Any, **kwargs: Any) -> Any:
        """The decoded answer of one request; JSON that breaks off is transient, like a broken connection.

        ``type`` is a msgspec type; declare records as ``msgspec.Raw`` to keep their bytes.
        """

        def decode(body: bytes) -> Any:
            try:
                return msgspec.json.decode(body, type=type)
            except msgspec.ValidationError as error:
                raise PermanentError(
                    f"{self.system}: the answer of {_path(url)} has an unexpected shape ({error}); "
                    "check that the address is the vendor's API and its version is supported"
                ) from None
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise BrokenAnswer("JSON") from error

        return self.decoded(method, url, decode, **kwargs)

    def decoded(self, method: str, url: str, decode: Callable[[bytes], Answer], **kwargs: Any) -> Answer:
        """What ``decode`` makes of the body of one request; it raises BrokenAnswer for one that breaks off."""
        attempt = 1
        while True:
            response = self.request(method, url, **kwargs)
            try:
                return decode(response.content)
            except BrokenAnswer as broken:
                self._wait(attempt, None, f"{_path(url)} answered with broken {broken}")
                attempt += 1

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """One answered request with status below 400; raises TransientError or PermanentError.

        The latter is CredentialsError for 401 and NotFoundError for 404.
        """
        if is_replay() and not self._confidential:
            return self._concluded(taping.play(self._prepared(method, url, kwargs)), url)
        renewed = False
        attempt = 1
        while True:
            try:
                self._pace()
                # Without any auth, requests would put what ~/.netrc says in the place of our own Authorization header.
                auth = self.auth or _as_it_is
                response = self._http.request(method, url, auth=auth, timeout=TIMEOUT_SECONDS, stream=True, **kwargs)
                # What ``content`` does itself, but in steps of 10 kB, which cost as much as everything else together.
                response._content = b"".join(response.iter_content(READ_BYTES))
            except requests.exceptions.SSLError:
                raise PermanentError(
                    f"{self.system}: the certificate of {_host(url)} is not trusted; check the configured address, "
                    "or set REQUESTS_CA_BUNDLE to the certificates of your network"
                ) from None
            except _BROKEN_CONNECTION as error:
                self._wait(attempt, None, f"{_host(url)} could not be reached ({_cause(error)})")
                attempt += 1
                continue
            except (requests.RequestException, ValueError):
                # The ValueError of http.client shows the header that it refuses: it must not get any further.
                raise PermanentError(
                    f"{self.system}: {_path(url)} cannot be asked for; check the configured address and credentials "
                    "for blanks, line breaks and a missing https://"
                ) from None
            is_error = response.status_code >= 400
            if is_error and isinstance(self.auth, RefreshableAuth) and not renewed and self._is_expired(response):
                self.auth.renew()
                renewed = True
                continue
            if not is_error or not self._is_transient(response):
                if not self._confidential:
                    taping.keep(response, _confidential(response.request))
                return self._concluded(response, url)
            self._note_time(response)
            self._wait(attempt, _retry_after(response), self._told(response, url))
            attempt += 1

    def _prepared(self, method: str, url: str, kwargs: Mapping[str, Any]) -> requests.PreparedRequest:
        return self._http.prepare_request(requests.Request(method, url, auth=_as_it_is, **kwargs))

    def _concluded(self, response: requests.Response, url: str) -> requests.Response:
        """The answer that ends a request; raises PermanentError when it is an error."""
        self._note_time(response)
        if response.status_code < 400:
            return response
        kind = _PERMANENT.get(response.status_code, PermanentError)
        remedy = self._remedy or _remedy(response.status_code)
        raise kind(f"{self.system}: {self._told(response, url)}; {remedy}")

    def _told(self, response: requests.Response, url: str) -> str:
        return f"{_path(url)} answered {response.status_code}: {self._words(response)}"

    def _pace(self) -> None:
        now = time.monotonic()
        if now < self._next_at:
            self._sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + self._min_interval

    def _wait(self, attempt: int, retry_after: float | None, what: str) -> None:
        if attempt >= MAX_ATTEMPTS:
            raise TransientError(f"{self.system}: {what}, still so after {attempt} attempts; run again later")
        if retry_after and retry_after > RETRY_AFTER_CAP_SECONDS:
            raise TransientError(f"{self.system}: {what}; it asks to wait {retry_after:.0f} seconds, run again then")
        backoff = min(self._backoff * 2 ** (attempt - 1), BACKOFF_CAP_SECONDS) * random.uniform(0.5, 1.0)
        # A vendor that says "retry after 0" would be hammered: our own backoff is the least wait.
        self._sleep(max(backoff, retry_after or 0.0))

    def _words(self, response: requests.Response) -> str:
        """What the vendor says about its error, on one line and without what was sent in confidence."""
        text = " ".join(self._describe(response).split())
        for secret in _confidential(response.request):
            text = text.replace(secret, "***")
        return text[:200]

    def _note_time(self, response: requests.Response) -> None:
        if moment := _http_date(response.headers.get("Date", "")):
            self._server_time = moment


_BROKEN_CONNECTION = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
_PERMANENT: Mapping[int, type[PermanentError]] = {401: CredentialsError, 404: NotFoundError}
# Values of a token request that are no secrets, and tell a reader what was asked for.
_PUBLIC_FIELDS = frozenset({"grant_type", "scope", "client_assertion_type"})


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _guarded(
    asked: Callable[[requests.Response], Answer] | None, fallback: Callable[[requests.Response], Answer]
) -> Callable[[requests.Response], Answer]:
    """``asked``, or ``fallback`` where it is absent or cannot read the answer."""

    def answer(response: requests.Response) -> Answer:
        try:
            return asked(response) if asked else fallback(response)
        except (ValueError, LookupError, TypeError, AttributeError):
            return fallback(response)

    return answer


def _confidential(request: requests.PreparedRequest) -> list[str]:
    """What a request carried that must not be repeated: its authorization and the fields of a token request."""
    scheme_and_token = request.headers.get("Authorization", "")
    found = {scheme_and_token, scheme_and_token.partition(" ")[2]}
    body = request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else request.body
    if isinstance(body, str) and "urlencoded" in request.headers.get("Content-Type", ""):
        found.update(value for name, value in parse_qsl(body) if name not in _PUBLIC_FIELDS)
    # Short values are words and numbers of everyday sentences; the longest go first, they may contain others.
    return sorted((value for value in found if len(value) >= 6), key=len, reverse=True)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _retry_after(response: requests.Response) -> float | None:
    """Seconds that the vendor asks to wait; it says so in seconds or as a date."""
    header = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", header, re.ASCII):
        return float(header)
    moment = _http_date(header)
    if moment is None:
        return None
    # The vendor's own clock, where it shows it: ours may be minutes off.
    now = _http_date(response.headers.get("Date", "")) or datetime.now(UTC)
    return max((moment - now).total_seconds(), 0.0)


def _remedy(status: int) -> str:
    if status in (401, 403):
        return "check the credentials and the permissions of the integration user"
    return "the request is not valid for this account, see the source's README for the fields and scopes it needs"


def _cause(error: Exception) -> str:
    text = str(error).lower()
    for words, cause in (
        (("name or service", "getaddrinfo", "nodename", "resolve"), "unknown host"),
        (("refused",), "connection refused"),
        (("timed out",), "timed out"),
    ):
        if any(w in text for w in words):
            return cause
    return "connection broken"


def _path(url: str) -> str:
    """The address without its query and user, which may carry keys."""
    return re.sub(r"//[^/@]*@", "//", url.split("?", 1)[0])


def _host(url: str) -> str:
    return "/".join(_path(url).split("/", 3)[:3])
