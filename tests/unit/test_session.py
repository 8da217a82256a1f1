"""Requests to a vendor: what is tried again, how long it waits, when it gives up, and what it never says."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from ingestion.http.auth import request_token
from ingestion.http.errors import NotFoundError, PermanentError, SourceError, TransientError
from ingestion.http.session import MAX_ATTEMPTS, RefreshableAuth, VendorSession

SECRET = "s3cr3t-t0ken-value"
NOW = datetime(2026, 4, 30, 18, tzinfo=UTC)


class Vendor:
    """A vendor that gives the planned answers in order, the last one for ever: (status, headers, body)."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                vendor.requests.append((self.path, dict(self.headers), body))
                status, headers, answer = vendor.answers.pop(0) if len(vendor.answers) > 1 else vendor.answers[0]
                self.send_response_only(status)
                for name, value in ({"Content-Length": str(len(answer)), "Connection": "close"} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)
                self.close_connection = True

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def will_answer(self, *answers: tuple[int, dict[str, str], bytes] | int) -> None:
        self.answers = [(a, {}, b"{}") if isinstance(a, int) else a for a in answers]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def running() -> Iterator[Vendor]:
    vendor = Vendor()
    yield vendor
    vendor.close()


@pytest.fixture
def vendor(running: Vendor) -> Vendor:
    running.requests.clear()
    return running


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def session(waits: list[float]) -> VendorSession:
    return VendorSession("acme", sleep=waits.append)


# --- what is tried again ---


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 522])
def test_a_transient_answer_is_tried_again(
    vendor: Vendor, session: VendorSession, waits: list[float], status: int
) -> None:
    vendor.will_answer(status, status, 200)
    assert session.request("GET", vendor.url).status_code == 200
    assert (len(vendor.requests), len(waits)) == (3, 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 422, 501])
def test_a_permanent_answer_is_not_tried_again(
    vendor: Vendor, session: VendorSession, waits: list[float], status: int
) -> None:
    vendor.will_answer(status)
    with pytest.raises(PermanentError) as failed:
        session.request("GET", vendor.url + "/things?key=1")
    assert isinstance(failed.value, NotFoundError) == (status == 404)
    assert (len(vendor.requests), waits) == (1, [])
    assert str(failed.value).startswith(f"acme: {vendor.url}/things answered {status}: ")


def test_attempts_are_bounded_and_waits_grow_with_jitter(
    vendor: Vendor, session: VendorSession, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.will_answer(503)
    jitter: list[tuple[float, float]] = []

    def middle(low: float, high: float) -> float:
        jitter.append((low, high))
        return (low + high) / 2

    monkeypatch.setattr("random.uniform", middle)
    with pytest.raises(TransientError, match=f"still so after {MAX_ATTEMPTS} attempts; run again later"):
        session.request("GET", vendor.url)
    assert len(vendor.requests) == MAX_ATTEMPTS
    assert jitter == [(0.5, 1.0)] * (MAX_ATTEMPTS - 1)
    assert waits == [0.375, 0.75, 1.5, 3.0, 6.0]


def test_waits_are_capped(waits: list[float]) -> None:
    slow = VendorSession("acme", backoff_seconds=1000, sleep=waits.append)
    slow._wait(1, None, "it failed")
    assert 15 <= waits[0] <= 30


def test_a_vendor_decides_what_is_transient(vendor: Vendor, waits: list[float]) -> None:
    limited = VendorSession("acme", is_transient=lambda r: r.json()["code"] == "LIMIT", sleep=waits.append)
    vendor.will_answer((403, {}, b'{"code":"LIMIT"}'), (403, {}, b'{"code":"DENIED"}'))
    with pytest.raises(PermanentError, match="DENIED"):
        limited.request("GET", vendor.url)
    assert len(waits) == 1


def test_a_foreign_body_leaves_the_decision_to_the_status(vendor: Vendor, waits: list[float]) -> None:
    strict = VendorSession(
        "acme",
        is_transient=lambda r: r.json()["code"] == "LIMIT",
        describe=lambda r: r.json()[0]["message"],
        sleep=waits.append,
    )
    vendor.will_answer((503, {}, b"<html>\n<b>Maintenance</b>\n</html>"), (403, {}, b"<html>\n<b>Blocked</b>\n</html>"))
    with pytest.raises(PermanentError, match="answered 403: <html> <b>Blocked</b> </html>; check the credentials"):
        strict.request("GET", vendor.url)
    assert len(waits) == 1


# --- Retry-After ---


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [("0", 0.25, 0.5), ("7", 7, 7), ("2.5", 2.5, 2.5), ("-3", 0.25, 0.5), ("soon", 0.25, 0.5), ("", 0.25, 0.5)],
)
def test_retry_after_in_seconds(
    vendor: Vendor, session: VendorSession, waits: list[float], retry_after: str, least: float, most: float
) -> None:
    vendor.will_answer((429, {"Retry-After": retry_after}, b""), 200)
    session.request("GET", vendor.url)
    assert least <= waits[0] <= most


@pytest.mark.parametrize(("seconds", "least", "most"), [(40, 40, 40), (-40, 0.25, 0.5)])
def test_retry_after_as_a_date_is_read_on_the_vendors_clock(
    vendor: Vendor, session: VendorSession, waits: list[float], seconds: int, least: float, most: float
) -> None:
    later = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    vendor.will_answer((503, {"Retry-After": later, "Date": format_datetime(NOW, usegmt=True)}, b""), 200)
    session.request("GET", vendor.url)
    assert least <= waits[0] <= most


def test_a_pause_too_long_ends_the_run_at_once(vendor: Vendor, session: VendorSession, waits: list[float]) -> None:
    vendor.will_answer((429, {"Retry-After": "86400"}, b"daily limit"))
    with pytest.raises(TransientError, match="daily limit; it asks to wait 86400 seconds, run again then"):
        session.request("GET", vendor.url)
    assert (len(vendor.requests), waits) == (1, [])


# --- broken answers ---


def test_truncated_json_is_asked_for_again(vendor: Vendor, session: VendorSession) -> None:
    vendor.will_answer((200, {}, b'{"records":[{"id":1},{"i'), (200, {}, b'{"records":[{"id":1}]}'))
    assert session.json("GET", vendor.url) == {"records": [{"id": 1}]}


def test_json_that_stays_broken_is_given_up(vendor: Vendor, session: VendorSession, waits: list[float]) -> None:
    vendor.will_answer((200, {}, b"<html>Please log in</html>"))
    with pytest.raises(TransientError, match=f"answered with broken JSON, still so after {MAX_ATTEMPTS} attempts"):
        session.json("GET", vendor.url)
    assert len(vendor.requests) == MAX_ATTEMPTS


def test_an_answer_of_another_shape_is_permanent(vendor: Vendor, session: VendorSession) -> None:
    vendor.will_answer((200, {}, b'{"error":"gone"}'))
    with pytest.raises(PermanentError, match="has an unexpected shape .*; check that the address is the vendor's API"):
        session.json("GET", vendor.url, type=list[msgspec.Raw])


@pytest.mark.parametrize(
    "broken",
    [
        (200, {"Content-Length": "500"}, b'{"records":['),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(b"{}")[:-6] + b"\0\0\0\0\0\0"),
        (200, {"Content-Encoding": "gzip"}, b"no gzip at all"),
    ],
)
def test_a_body_that_breaks_off_is_asked_for_again(
    vendor: Vendor, session: VendorSession, waits: list[float], broken: tuple[int, dict[str, str], bytes]
) -> None:
    vendor.will_answer(broken, (200, {}, b"[1]"))
    assert session.json("GET", vendor.url) == [1]
    assert len(waits) == 1


def resetting_server() -> tuple[str, Callable[[], int]]:
    """A server that drops its first two connections without a word and answers the third."""
    listening = socket.create_server(("127.0.0.1", 0))
    accepted = []

    def serve() -> None:
        for attempt in range(3):
            connection, _ = listening.accept()
            with connection:
                accepted.append(connection.recv(4096))
                if attempt == 2:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        listening.close()

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}", lambda: len(accepted)


def test_a_dropped_connection_is_tried_again(session: VendorSession, waits: list[float]) -> None:
    url, connections = resetting_server()
    assert session.json("GET", url) == {}
    assert (connections(), len(waits)) == (3, 2)


def test_a_closed_port_is_named_without_its_path(session: VendorSession, waits: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(TransientError) as failed:
        session.request("GET", f"{url}/things?key={SECRET}")
    what = f"acme: {url} could not be reached (connection refused)"
    assert str(failed.value) == f"{what}, still so after {MAX_ATTEMPTS} attempts; run again later"
    assert len(waits) == MAX_ATTEMPTS - 1


def test_an_unknown_host_is_named(session: VendorSession) -> None:
    with pytest.raises(TransientError, match=r"https://acme\.invalid could not be reached \(unknown host\), still so"):
        session.request("GET", "https://acme.invalid/things")


@pytest.mark.parametrize("url", ["acme.example.com/api", "https://", "ftp://acme.example.com", "https://a b/"])
def test_an_address_that_is_none_is_permanent(session: VendorSession, url: str) -> None:
    with pytest.raises(PermanentError, match="check the configured address"):
        session.request("GET", url)


def test_a_line_break_in_a_credential_is_permanent_and_not_shown(vendor: Vendor) -> None:
    session = VendorSession("acme", RefreshableAuth(lambda: (f"{SECRET}\n", None)))
    with pytest.raises(PermanentError, match="for blanks, line breaks") as failed:
        session.request("GET", vendor.url)
    assert SECRET not in str(failed.value)


# --- tokens ---


class Tokens:
    """Hands out token-1, token-2, ..."""

    def __init__(self, lifetime: float | None = None) -> None:
        self.lifetime = lifetime
        self.given = 0

    def __call__(self) -> tuple[str, float | None]:
        self.given += 1
        return f"token-{self.given}", self.lifetime


def bearers(vendor: Vendor) -> list[str]:
    return [headers["Authorization"] for _, headers, _ in vendor.requests]


def test_an_expired_token_is_renewed_once_per_request(vendor: Vendor, waits: list[float]) -> None:
    tokens = Tokens()
    session = VendorSession("acme", RefreshableAuth(tokens), sleep=waits.append)
    vendor.will_answer(200, 401, 200, 401)
    assert session.request("GET", vendor.url).status_code == 200
    assert session.request("GET", vendor.url).status_code == 200
    assert bearers(vendor) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    with pytest.raises(PermanentError, match="answered 401"):
        session.request("GET", vendor.url)
    assert (tokens.given, len(vendor.requests), waits) == (3, 5, [])


def test_a_vendor_decides_what_an_expired_token_looks_like(vendor: Vendor) -> None:
    tokens = Tokens()
    session = VendorSession("acme", RefreshableAuth(tokens), is_expired=lambda r: b"INVALID_SESSION" in r.content)
    vendor.will_answer((403, {}, b"INVALID_SESSION"), 200)
    session.request("GET", vendor.url)
    assert tokens.given == 2


def test_a_token_is_renewed_before_its_lifetime_ends(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("ingestion.http.session.time.monotonic", lambda: clock[0])
    session = VendorSession("acme", RefreshableAuth(Tokens(lifetime=600), renew_margin=60))
    vendor.will_answer(200)
    for moment in (0.0, 539.0, 1.0):
        clock[0] += moment
        session.request("GET", vendor.url)
    assert bearers(vendor) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_token_request_sends_what_the_grant_needs(vendor: Vendor) -> None:
    vendor.will_answer((200, {}, b'{"access_token":"t","expires_in":600}'))
    answer = request_token("acme", vendor.url, {"grant_type": "client_credentials"}, ("id", "p:w"))
    assert answer == {"access_token": "t", "expires_in": 600}
    ((_, headers, body),) = vendor.requests
    assert (headers["Authorization"], body) == ("Basic aWQ6cDp3", b"grant_type=client_credentials")


def test_a_netrc_file_does_not_replace_our_credentials(
    vendor: Vendor, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    vendor.will_answer((200, {}, b'{"access_token":"t"}'))
    request_token("acme", vendor.url, {"grant_type": "client_credentials"}, ("id", "p:w"))
    assert vendor.requests[0][1]["Authorization"] == "Basic aWQ6cDp3"


@pytest.mark.parametrize("body", [b"[]", b'{"token":"x"}'])
def test_a_token_endpoint_without_a_token_is_the_wrong_address(vendor: Vendor, body: bytes) -> None:
    vendor.will_answer((200, {}, body))
    with pytest.raises(PermanentError, match="sent no access_token; check the configured address"):
        request_token("acme", vendor.url, {"grant_type": "client_credentials"})


# --- secrets ---


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":"invalid_client","error_description":"unknown secret %s"}' % SECRET.encode(),
        b"<html>%s</html>" % SECRET.encode(),
        b'{"sent":{"client_secret":"%s"}}' % SECRET.encode(),
    ],
)
def test_a_refused_token_request_never_shows_the_secret(vendor: Vendor, waits: list[float], body: bytes) -> None:
    vendor.will_answer((400, {}, body))
    form = {"grant_type": "client_credentials", "client_id": "the-client", "client_secret": SECRET}
    with pytest.raises(PermanentError, match="the credentials were refused, check") as failed:
        request_token("acme", vendor.url, form, sleep=waits.append)
    assert SECRET not in str(failed.value)
    assert ("invalid_client" in str(failed.value)) == (b"invalid_client" in body)


@pytest.mark.parametrize("status", [400, 401, 503])
def test_a_vendor_that_repeats_what_we_sent_does_not_leak_it(vendor: Vendor, waits: list[float], status: int) -> None:
    vendor.will_answer((status, {}, f"bad token Bearer {SECRET} / {SECRET} in request".encode()))
    session = VendorSession("acme", RefreshableAuth(lambda: (SECRET, None)), sleep=waits.append)
    with pytest.raises(SourceError) as failed:
        session.request("GET", f"{vendor.url}/things?key={SECRET}")
    assert "bad token *** / *** in request" in str(failed.value)
    assert SECRET not in str(failed.value)


def test_a_user_in_the_address_is_not_shown(session: VendorSession, vendor: Vendor) -> None:
    vendor.will_answer(400)
    with pytest.raises(PermanentError) as failed:
        session.request("GET", vendor.url.replace("//", f"//user:{SECRET}@") + "/things")
    assert SECRET not in str(failed.value)


def test_messages_stay_one_short_sentence(vendor: Vendor, session: VendorSession) -> None:
    vendor.will_answer((400, {}, b"a\nb " + b"x" * 5000))
    with pytest.raises(PermanentError) as failed:
        session.request("GET", vendor.url)
    assert "\n" not in str(failed.value)
    assert len(str(failed.value)) < 400


# --- pace and clock ---


def test_requests_keep_their_distance(vendor: Vendor, waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.http.session.time.monotonic", lambda: 50.0)
    session = VendorSession("acme", min_interval=0.2, sleep=waits.append)
    vendor.will_answer(200)
    for _ in range(3):
        session.request("GET", vendor.url)
    assert waits == pytest.approx([0.2, 0.4])


def test_the_vendors_clock_comes_from_its_answers(vendor: Vendor, session: VendorSession) -> None:
    vendor.will_answer((200, {"Date": format_datetime(NOW, usegmt=True)}, b"{}"))
    assert session.server_time(vendor.url) == NOW
    assert session.server_time(vendor.url) == NOW
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}])
def test_without_a_readable_clock_ours_has_to_do(
    vendor: Vendor, session: VendorSession, headers: dict[str, str]
) -> None:
    vendor.will_answer((200, headers, b"{}"))
    assert abs(session.server_time(vendor.url) - datetime.now(UTC)) < timedelta(minutes=1)
