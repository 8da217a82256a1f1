"""What some tests need of the machine that they run on, beside Python packages."""

from __future__ import annotations

import shutil

from tests.sandbox import postgres


def chromium() -> str | None:
    """Where the browser is; None when the machine has none."""
    return shutil.which("chromium")


# Marker -> what is missing, if it is.
NEEDS = {
    "postgres": (lambda: postgres.binaries() is not None, "PostgreSQL: its programs are not on this machine"),
    "chromium": (lambda: chromium() is not None, "Chromium: apt-get install chromium"),
}
