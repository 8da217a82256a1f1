"""The gateway as a process of its own, and senders that behave as real ones: what is not acknowledged is sent again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests import gateway_senders as senders
from tests.gateway_senders import Call

START_SECONDS = 120


class GatewayProcess:
    """``leakage gateway`` on a free port; ``kill`` ends it as a power cut would, ``start`` begins another one."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self._data_dir = data_dir
        self._environment = {**os.environ, **senders.environment(), "LEAKAGE_DATA_DIR": str(data_dir), **settings}
        self.port = 0
        self.process: subprocess.Popen[str] | None = None
        self.log = ""

    def start(self) -> None:
        """Return when it answers; its port stays the same from start to start."""
        command = [sys.executable, "-m", "orchestration.cli", "gateway", "--port", str(self.port)]
        self.process = subprocess.Popen(command, env=self._environment, stderr=subprocess.PIPE, text=True)
        if not self.port:
            self.port = _free_port_of(self.process)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(OSError, HTTPException):
                connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    connection.close()
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the gateway did not start: {self._end(signal.SIGKILL)}")

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Tell it to end and wait; its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=START_SECONDS)
        self.log += rest
        return self.process.returncode


class Load:
    """Threads that post ``calls``, each again and again until it is acknowledged."""

    def __init__(self, port: int, calls: list[Call], threads: int = 4) -> None:
        self._port, self._left = port, deque(calls)
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(threads)]
        self.acknowledged: list[Call] = []
        self.seconds: list[float] = []

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float = 120) -> None:
        """Wait until everything is acknowledged; raises AssertionError when it is not in time."""
        for thread in self._threads:
            thread.join(timeout=seconds)
        self._end.set()
        assert not self._left, f"{len(self._left)} requests were not acknowledged"

    def _send(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._end.is_set():
            try:
                call = self._left.popleft()
            except IndexError:
                return
            if self._acknowledged(connection, call):
                self.acknowledged.append(call)
            else:
                self._left.append(call)
                connection.close()
                time.sleep(0.05)

    def _acknowledged(self, connection: HTTPConnection, call: Call) -> bool:
        began = time.perf_counter()
        try:
            connection.request("POST", call.path, call.body, call.headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            return False
        self.seconds.append(time.perf_counter() - began)
        return 200 <= answer.status < 300


def _free_port_of(process: subprocess.Popen[str]) -> int:
    """The port that the process says it listens on."""
    assert process.stderr is not None
    while line := process.stderr.readline():
        if line.startswith("listening on "):
            return int(line.rpartition(":")[2])
    raise RuntimeError("the gateway ended before it listened")
