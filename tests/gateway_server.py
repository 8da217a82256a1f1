"""The gateway in a thread of the test's process, with the senders' usual settings."""

from __future__ import annotations

import socket
import sqlite3
import threading
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any

import requests
import uvicorn

from ingestion.sources.events.gateway import Gateway, Limits
from ingestion.sources.events.receiver import Receiver
from ingestion.sources.events.senders import configured_receivers
from ingestion.sources.events.settings import configured_inbox, event_settings
from tests.gateway_senders import PUBLIC_URL, Call

Row = tuple[Any, ...]


@cache
def usual() -> dict[str, Receiver]:
    """The receivers of the usual settings, which take a while to resolve."""
    return configured_receivers(event_settings())


def receiver_of(call: Call) -> Receiver:
    return usual()[call.path.partition("?")[0].removeprefix("/events/")]


class Running:
    """A gateway on a free port, in a thread of this process, and its inbox."""

    def __init__(self, data_dir: Path, limits: Limits, receivers: dict[str, Receiver] | None = None) -> None:
        self.path = data_dir / "events" / "inbox.db"
        gateway = Gateway(receivers or usual(), configured_inbox(), PUBLIC_URL, limits)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self._server = uvicorn.Server(uvicorn.Config(gateway.app(), log_config=None, access_log=False))
        self._thread = threading.Thread(target=self._server.run, args=([self.socket],), daemon=True)
        self._http = requests.Session()
        self._http.trust_env = False

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._http.close()

    def post(self, call: Call, method: str = "POST") -> requests.Response:
        url = f"http://127.0.0.1:{self.port}{call.path}"
        return self._http.request(method, url, data=call.body, headers=call.headers, timeout=10)

    def spoken(self, call: Call, *parts: bytes) -> bytes:
        """The answer to a request that is written by hand: the head of ``call``, then ``parts``, as far as they are read."""
        lines = [f"POST {call.path} HTTP/1.1", "host: x", *(f"{name}: {value}" for name, value in call.headers.items())]
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            with suppress(ConnectionError):
                for part in ("\r\n".join([*lines, ""]).encode(), *parts):
                    connection.sendall(part)
            return connection.recv(4096)

    def rows(self, columns: str) -> list[Row]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(f"select {columns} from event order by seq").fetchall()

    def accepted(self) -> int:
        """Events that were stored as what they claim to be."""
        return sum(reason is None for (reason,) in self.rows("quarantine_reason"))
