"""One HTTP session per vendor: pacing, bounded retries, and one sentence when it fails."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import requests
from requests.auth import AuthBase

from ingestion.http.errors import NotFoundError, PermanentError, TransientError

TRANSIENT_STATUS = frozenset({408, 420, 425, 429, 500, 502, 503, 504})
MAX_ATTEMPTS = 6
BACKOFF_CAP_SECONDS = 30.0
TIMEOUT_SECONDS = (10, 120)


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
    after Retry-After or an exponential wait with jitter; everything else is permanent. An expired token (``expired``
    decides) is renewed once per request. Waiting happens in this session only, so a throttled vendor delays nobody else.
    """

    def __init__(
        self,
        system: str,
        auth: AuthBase | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        min_interval: float = 0.0,
        is_transient: Callable[[requests.Response], bool] | None = None,
        is_expired: Callable[[requests.Response], bool] = lambda r: r.status_code == 401,
        describe: Callable[[requests.Response], str] | None = None,
        backoff_seconds: float = 0.5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.system = system
        self.auth = auth
        self._http = requests.Session()
        self._http.headers.update(headers or {})
        self._min_interval = min_interval
        self._next_at = 0.0
        self._is_transient = is_transient or (lambda r: r.status_code in TRANSIENT_STATUS)
        self._is_expired = is_expired
        self._describe = describe or (lambda r: r.text[:200])
        self._backoff = backoff_seconds
        self._sleep = sleep
        self._server_time: datetime | None = None

    def server_time(self, probe_url: str) -> datetime:
        """The vendor's clock, from the Date header of its latest answer; ``probe_url`` is asked when there is none yet."""
        if self._server_time is None:
            self.request("GET", probe_url)
        return self._server_time or datetime.now(UTC)

    def json(self, method: str, url: str, type: Any = Any, **kwargs: Any) -> Any:
        """The decoded answer of one request; JSON that breaks off is transient, like a broken connection.

        ``type`` is a msgspec type; declare records as ``msgspec.Raw`` to keep their bytes.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            response = self.request(method, url, **kwargs)
            try:
                return msgspec.json.decode(response.content, type=type)
            except msgspec.ValidationError as error:
                raise PermanentError(
                    f"{self.system}: the answer of {_path(url)} has an unexpected shape ({error}); "
                    "check that the address is the vendor's API and its version is supported"
                ) from None
            except msgspec.DecodeError:
                self._wait(attempt, None, f"{_path(url)} answered with broken JSON")
        raise AssertionError("unreachable")

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """One answered request with status below 400; raises PermanentError (404: NotFoundError) or TransientError."""
        renewed = False
        attempt = 1
        while True:
            try:
                self._pace()
                response = self._http.request(method, url, auth=self.auth, timeout=TIMEOUT_SECONDS, **kwargs)
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
                self._wait(attempt, None, f"{_host(url)} could not be reached ({_cause(error)})")
                attempt += 1
                continue
            self._note_time(response)
            if response.status_code < 400:
                return response
            if self._is_expired(response) and isinstance(self.auth, RefreshableAuth) and not renewed:
                self.auth.renew()
                renewed = True
                continue
            what = f"{_path(url)} answered {response.status_code}: {self._describe(response)}"
            if not self._is_transient(response):
                kind = NotFoundError if response.status_code == 404 else PermanentError
                raise kind(f"{self.system}: {what}; {_remedy(response.status_code)}")
            self._wait(attempt, _retry_after(response), what)
            attempt += 1

    def _pace(self) -> None:
        now = time.monotonic()
        if now < self._next_at:
            self._sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + self._min_interval

    def _wait(self, attempt: int, retry_after: float | None, what: str) -> None:
        if attempt >= MAX_ATTEMPTS:
            raise TransientError(f"{self.system}: {what}, still so after {attempt} attempts; run again later")
        backoff = min(self._backoff * 2 ** (attempt - 1), BACKOFF_CAP_SECONDS) * random.uniform(0.5, 1.0)
        # A vendor that says "retry after 0" would be hammered: our own backoff is the least wait.
        self._sleep(max(backoff, min(retry_after or 0.0, 300.0)))

    def _note_time(self, response: requests.Response) -> None:
        if header := response.headers.get("Date"):
            self._server_time = parsedate_to_datetime(header).astimezone(UTC)


def _retry_after(response: requests.Response) -> float | None:
    header = response.headers.get("Retry-After")
    if not header:
        return None
    if header.isdigit():
        return float(header)
    try:
        return max((parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds(), 0.0)
    except ValueError:
        return None


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
        (("certificate",), "certificate not trusted"),
    ):
        if any(w in text for w in words):
            return cause
    return "connection broken"


def _path(url: str) -> str:
    """The address without its query, which may carry keys."""
    return url.split("?", 1)[0]


def _host(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
