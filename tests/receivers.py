"""Receivers of alerts on this machine: a web server that keeps what it was sent, with or without TLS, and a mail server."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Parsed


@dataclass
class Web:
    """A web server on ``port``; ``answer`` is the status of every answer, ``received`` the JSON of every request."""

    port: int = 0
    answer: int = 200
    received: list[Any] = field(default_factory=list)


@contextmanager
def web_receiver(*, tls: bool = False) -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if web.answer < 300:
                web.received.append(json.loads(body))
            self.send_response(web.answer)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web.port = server.server_port
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Box(Parsed):
    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.mails.append(message)


class _AnyPort(Controller):
    """A mail server on whichever port is free: its own first caller has to know which."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_receiver() -> Iterator[tuple[int, list[Message]]]:
    """A mail server; yields its port and the mails that it took."""
    box = _Box()
    controller = _AnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield controller.port, box.mails
    finally:
        controller.stop()
