"""The gateway as a process of its own, and senders that behave as real ones: what is not acknowledged is sent again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
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
        self.process = subprocess.Popen(self._command, env=self._environment, stderr=subprocess.PIPE, text=True)
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

    def run(self) -> tuple[int, str]:
        """For one that ends by itself: its exit code, and what it said."""
        environment, seconds = self._environment, START_SECONDS
        done = subprocess.run(
            self._command, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        return done.returncode, done.stderr

    @property
    def _command(self) -> list[str]:
        return [sys.executable, "-m", "orchestration.cli", "gateway", "--port", str(self.port)]

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
    """Threads that post ``call(number)`` for each number below ``count``, again and again until it is acknowledged.

    With a ``rate`` (requests a second) each has its time; ``seconds`` are then counted from that time on, so that an
    answer that comes late does not hide how late the next request was.
    """

    def __init__(
        self, port: int, call: Callable[[int], Call], count: int, threads: int = 4, rate: float | None = None
    ) -> None:
        self._port, self._call, self._rate = port, call, rate
        self._left = deque(range(count))
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(threads)]
        self._began = 0.0
        self.acknowledged: list[int] = []
        self.seconds: list[float] = []

    def start(self) -> None:
        self._began = time.perf_counter()
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float = 300) -> float:
        """Wait until everything is acknowledged; the seconds since the start. Raises AssertionError when it is not."""
        for thread in self._threads:
            thread.join(timeout=seconds)
        self.stop()
        assert not self._left, f"{len(self._left)} requests were not acknowledged"
        return time.perf_counter() - self._began

    def stop(self) -> None:
        """Send nothing more."""
        self._end.set()

    def _send(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._end.is_set():
            try:
                number = self._left.popleft()
            except IndexError:
                return
            due = self._due(number)
            if self._is_acknowledged(connection, self._call(number)):
                self.acknowledged.append(number)
                self.seconds.append(time.perf_counter() - due)
            else:
                self._left.append(number)
                connection.close()
                self._end.wait(0.05)

    def _due(self, number: int) -> float:
        """Wait for the time of ``number`` and return it."""
        now = time.perf_counter()
        due = now if self._rate is None else self._began + number / self._rate
        if due > now:
            time.sleep(due - now)
        return due

    def _is_acknowledged(self, connection: HTTPConnection, call: Call) -> bool:
        try:
            connection.request("POST", call.path, call.body, call.headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            return False
        return 200 <= answer.status < 300


def posted(port: int, call: Call) -> int:
    """Post one request; the status of its answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", call.path, call.body, call.headers)
    return connection.getresponse().status


def _free_port_of(process: subprocess.Popen[str]) -> int:
    """The port that the process says it listens on."""
    assert process.stderr is not None
    while line := process.stderr.readline():
        if line.startswith("listening on "):
            return int(line.rpartition(":")[2])
    raise RuntimeError("the gateway ended before it listened")
