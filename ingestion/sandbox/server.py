"""One loopback server for all stand-ins of a world, with faults that tests and drills can plan."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from ingestion.sandbox.world import World


@dataclass
class Fault:
    """Trouble for the next ``times`` requests of ``system`` whose path contains ``path``, after ``skip`` good ones.

    ``kind``: ``status`` answers ``status`` with ``body``; ``throttle`` answers the vendor's own rate-limit error;
    ``truncate`` cuts the body in half; ``reset`` drops the connection in the middle of the body; ``slow`` waits
    ``seconds``; ``expire_token`` invalidates all tokens before the request is served.
    """

    system: str
    kind: str
    path: str = ""
    times: int = 1
    skip: int = 0
    status: int = 500
    body: str = "<html><body>Service error</body></html>"
    seconds: float = 0.0
    hits: int = field(default=0, init=False)


class SandboxServer:
    """The stand-ins of ``world`` on a free loopback port, in a thread of this process.

    ``with SandboxServer(world) as sandbox:`` then ``sandbox.credentials()`` are the environment variables of the
    real sources. ``sandbox.faults`` can be appended to at any time; ``requests`` counts requests per system.
    ``tls`` serves https for clients that insist on it: ``ca_file`` is the authority to trust, made at start and gone
    with the server.
    """

    def __init__(self, world: World, port: int = 0, *, tls: bool = False) -> None:
        self.world = world
        self.faults: list[Fault] = []
        self.requests: dict[str, int] = {}
        self.log: list[tuple[str, str]] = []
        # With the protocol named, asyncio switches Nagle's algorithm off; without, every answer waits 40 ms for an ACK.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        config = uvicorn.Config(
            self._app(), log_level="warning", access_log=False, date_header=False, server_header=False, lifespan="off",
            # A client that keeps a TLS connection open does not answer its end: the server waited ten seconds for it.
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if tls:
            self._folder = tempfile.TemporaryDirectory(prefix="leakage-sandbox-")
            self._certify(config)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    @property
    def url(self) -> str:
        scheme, host = ("https", "localhost") if self._folder else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self._socket.getsockname()[1]}"

    @property
    def ca_file(self) -> str:
        """Path of the PEM file of the authority that signed the server's certificate."""
        assert self._folder is not None, "the server was not started with tls"
        return str(Path(self._folder.name) / "ca.pem")

    def credentials(self) -> dict[str, str]:
        """Environment variables for the sources of all systems served here."""
        found: dict[str, str] = {}
        for name, vendor in self.world.vendors.items():
            found |= vendor.credentials(f"{self.url}/{name}")
        return found

    def __enter__(self) -> SandboxServer:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the sandbox server could not start")
            threading.Event().wait(0.01)
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()
        if self._folder:
            self._folder.cleanup()
        for vendor in self.world.vendors.values():
            vendor.close()

    def serve_forever(self) -> None:
        """Serve in the calling thread until interrupted."""
        self._run()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def _certify(self, config: uvicorn.Config) -> None:
        """A certificate for this machine's names, signed by an authority of this server alone."""
        import trustme

        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        config.load()
        config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(config.ssl)

    def _app(self) -> Any:
        mounts = [Mount(f"/{name}", routes=vendor.routes()) for name, vendor in self.world.vendors.items()]
        return _Front(self, Starlette(routes=mounts))


class _Front:
    """Counts requests, sets each vendor's Date header from its own clock, and plays the planned faults."""

    def __init__(self, server: SandboxServer, app: Any) -> None:
        self.server, self.app = server, app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        system = path.split("/", 2)[1]
        self.server.requests[system] = self.server.requests.get(system, 0) + 1
        self.server.log.append((system, path))
        vendor = self.server.world.vendors.get(system)
        fault = next(self._due(system, path), None)

        async def stamped(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and vendor is not None:
                date = format_datetime(vendor.now + vendor.skew, usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", []), (b"date", date)]}
            await send(message)

        if fault is None or vendor is None:
            await self.app(scope, receive, stamped)
        elif fault.kind == "expire_token":
            vendor.expire_tokens()
            await self.app(scope, receive, stamped)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self.app(scope, receive, stamped)
        elif fault.kind == "throttle":
            await vendor.rate_limited()(scope, receive, stamped)  # type: ignore[arg-type]
        elif fault.kind == "status":
            await self._answer(fault.status, fault.body.encode(), stamped)
        else:
            await self._broken(fault, scope, receive, stamped)

    def _due(self, system: str, path: str) -> Iterator[Fault]:
        for fault in self.server.faults:
            if fault.system == system and fault.path in path and fault.hits < fault.skip + fault.times:
                fault.hits += 1
                if fault.hits > fault.skip:
                    yield fault
                    return

    async def _answer(self, status: int, body: bytes, send: Any) -> None:
        headers = [(b"content-type", b"text/html"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _broken(self, fault: Fault, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve the real answer, but only the first half of its body."""
        start: dict[str, Any] = {}
        body = bytearray()

        async def capture(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, capture)
        half = bytes(body[: len(body) // 2])
        keep = [(k, v) for k, v in start["headers"] if k.lower() != b"content-length"]
        # ``reset`` promises the whole length and then stops: the client sees the connection break in mid-page.
        promised = len(body) if fault.kind == "reset" else len(half)
        start["headers"] = [*keep, (b"content-length", str(promised).encode())]
        await send(start)
        with contextlib.suppress(Exception):
            await send({"type": "http.response.body", "body": half, "more_body": False})
