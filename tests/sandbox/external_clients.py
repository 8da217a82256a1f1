"""Clients that others wrote and that cannot share our environment: each gets one of its own, built when it is needed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

BUILD_SECONDS, RUN_SECONDS = 600, 120


class BuildError(Exception):
    """The environment could not be built; the message is one line."""


@dataclass(frozen=True)
class Recipe:
    """What a client needs. ``forced`` replaces pinned dependencies that do not import on today's Python."""

    requirement: str
    forced: tuple[str, ...] = ()


RECIPES = {
    # Its urllib3 of 2017 imports names from ``collections`` that Python 3.10 removed.
    "tap-mavenlink": Recipe("tap-mavenlink==0.0.3", ("requests==2.32.5", "urllib3==2.5.0")),
    "airbyte-source-netsuite": Recipe("airbyte-source-netsuite==0.1.29"),
}


@dataclass(frozen=True)
class ExternalClient:
    """An environment that is ready; ``python`` is its interpreter."""

    python: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """How ``program`` ended, and what it printed."""
        command = [str(self.python), "-c", program, *arguments]
        # Neither our own packages nor the machine's proxies are for a client of a stand-in on loopback.
        plain = {k: v for k, v in os.environ.items() if k != "PYTHONPATH" and not k.lower().endswith("_proxy")}
        return subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, env=plain, check=False)


def build(name: str, cache: Path) -> ExternalClient:
    """The client ``name`` in an environment below ``cache``, which is kept from run to run. Raises BuildError."""
    recipe = RECIPES[name]
    version = f"{recipe} {sys.version_info[:2]}"
    home = cache / f"{name}-{hashlib.sha256(version.encode()).hexdigest()[:12]}"
    client = ExternalClient(home / ("Scripts" if os.name == "nt" else "bin") / "python")
    ready = home / "ready"
    with FileLock(f"{home}.lock"):
        if not ready.exists():
            shutil.rmtree(home, ignore_errors=True)
            uv = shutil.which("uv")
            _run(
                [uv, "venv", "--python", sys.executable, str(home)] if uv else [sys.executable, "-m", "venv", str(home)]
            )
            install = [uv, "pip", "install", "--python"] if uv else []
            for requirements in filter(None, ((recipe.requirement,), recipe.forced)):
                start = [*install, str(client.python)] if uv else [str(client.python), "-m", "pip", "install"]
                _run([*start, "--quiet", *requirements])
            ready.touch()
    return client


def _run(command: list[str | None]) -> None:
    words = [word for word in command if word]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{words[0]}: {error}") from None
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["no error output"]
        raise BuildError(f"{' '.join(words[:3])}: {lines[-1]}")
