"""Turns at the warehouse: its file has one user at a time, be it a load, the build, a check or the publisher.

DuckDB locks the file for as long as a process has it open, refuses everybody else at once, and inside one process it
refuses a second way of opening it. Whoever opens the warehouse therefore holds a lock beside it for that time, which
threads and processes wait for. Nobody holds it while waiting for a vendor.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ingestion.http.errors import TransientError

# The longest turn is a build of everything; whoever waits longer than several of them waits for something that hangs.
PATIENCE_SECONDS = 900.0


class WarehouseBusyError(TransientError):
    """The warehouse did not become free; a later run may succeed."""


@contextmanager
def exclusive(warehouse: Path) -> Iterator[None]:
    """Have the database file ``warehouse`` to oneself for the block; it may not exist yet. Blocks do not nest.

    Raises WarehouseBusyError when it does not become free in ``PATIENCE_SECONDS``.
    """
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    turn = FileLock(f"{warehouse}.lock")
    try:
        turn.acquire(timeout=PATIENCE_SECONDS)
    except Timeout:
        raise WarehouseBusyError(
            f"{warehouse}: another run has kept the warehouse busy for {PATIENCE_SECONDS:.0f} seconds; "
            "wait for it to end, or end it, and run again"
        ) from None
    try:
        yield
    finally:
        turn.release()
