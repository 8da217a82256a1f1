"""Dagster's web page on this project, with the demo firm beside it when nothing is configured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from ingestion.config import ConfigurationError, settings
from ingestion.registry import SYSTEMS

SECRETS = Path(".dlt") / "secrets.toml"


def has_credentials() -> bool:
    """Whether any system's credentials are configured, in the environment or in ``.dlt/secrets.toml``.

    What the event gateway needs is none of them: it opens no system. Raises ConfigurationError for a file that is no TOML.
    """
    prefixes = tuple(f"SOURCES__{system.upper()}__" for system in SYSTEMS)
    if any(name.startswith(prefixes) for name in os.environ):
        return True
    if not SECRETS.exists():
        return False
    try:
        found = tomllib.loads(SECRETS.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{SECRETS} cannot be read ({error}); correct the line") from None
    return not SYSTEMS.keys().isdisjoint(found.get("sources", {}))


def serve_ui(port: int, say: Callable[[str], None]) -> int:
    """Run Dagster's web page and daemon until interrupted; returns its exit code.

    All its processes are in one group of their own, which ends with this one.
    """
    from orchestration import demo
    from orchestration.lib.instance import instance

    with ExitStack() as stack:
        if has_credentials():
            demo.refuse_demo_data()
        elif settings().warehouse_path.exists() and demo.earlier_firm() is None:
            say("no credentials are configured: this shows earlier runs, new ones cannot read the systems")
        else:
            stack.enter_context(demo.configured(demo.earlier_firm() or demo.DemoFirm()))
            say("no credentials are configured: the demo firm is served beside Dagster and its systems are read")
        # Prepares the home that Dagster's processes find by its variable.
        instance().dispose()
        say(f"Dagster opens at http://127.0.0.1:{port} (data in {settings().data_dir}); Ctrl-C ends it")
        command = [
            sys.executable,
            "-m",
            "dagster",
            "dev",
            "-m",
            "orchestration.definitions",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
        ]
        child = subprocess.Popen(command, start_new_session=True)
        previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            return child.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            signal.signal(signal.SIGTERM, previous)
            end_group(child)


def end_group(child: subprocess.Popen[bytes]) -> None:
    """End the child's whole group: politely, then for good."""
    for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
        try:
            os.killpg(child.pid, number)
            child.wait(timeout=patience)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
