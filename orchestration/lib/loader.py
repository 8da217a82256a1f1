"""How the load ops reach the systems: one at a time when they run, or all of them at once ahead of their runs.

Dagster's executions do not stand next to each other in the threads of one process (each configures logging anew, which
deadlocks with another one's event log), dlt's do. A run of everything therefore reads all systems in threads, and
Dagster records each load when it has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from queue import SimpleQueue
from threading import Thread

from ingestion.http.errors import PartialLoadError, SourceError
from ingestion.pipelines import run, source_error
from orchestration.lib.attempts import record_attempt


@dataclass(frozen=True)
class Loaded:
    """A load that appended to raw: when it began, and the error that names the objects it could not read, if any."""

    since: datetime
    failure: PartialLoadError | None = None


class Loader:
    """Reads a system when its op asks for it."""

    # Whether an op that failed may ask again.
    may_repeat = True

    def load(self, system: str, objects: Collection[str], *, whole: bool = False) -> Loaded:
        """Append what is new in ``objects`` of ``system`` to raw, or ``whole`` all that raw does not hold yet.

        Raises SourceError when nothing was appended.
        """
        started = datetime.now(UTC)
        try:
            run(system, objects=objects, whole=whole)
        except PartialLoadError as failure:
            record_attempt(system, started, failure)
            return Loaded(started, failure)
        except Exception as error:
            record_attempt(system, started, error)
            raise
        record_attempt(system, started)
        return Loaded(started)


class LoadsAhead(Loader):
    """Reads whole ``systems`` at the same time from ``start`` on; an op gets the outcome of its system."""

    may_repeat = False

    def __init__(self, systems: Iterable[str]) -> None:
        self._outcomes: dict[str, Loaded | Exception] = {}
        self._ended: SimpleQueue[str] = SimpleQueue()
        # Daemons: whoever interrupts a run does not wait for a vendor. The next load settles what this one leaves.
        self._systems = list(systems)
        self._threads = [Thread(target=self._load, args=(s,), name=f"load_{s}", daemon=True) for s in self._systems]

    def start(self) -> None:
        """Begin all loads; to be called once."""
        # dlt asks in each thread whether data is a pandas frame as soon as anybody has begun to import pandas: on a cold disk,
        # where that takes seconds, two of five loads met a half of it.
        import_module("pandas")
        # Two threads that import parts of one package may each meet a half of it: here the graph wants its schema.
        for system in self._systems:
            # What is wrong with it is the outcome of its own load.
            with suppress(Exception):
                import_module(f"ingestion.sources.{system}")
        for thread in self._threads:
            thread.start()

    def as_they_end(self) -> Iterator[str]:
        """Yield each system when its load has ended, well or not."""
        for _ in self._threads:
            yield self._ended.get()

    def load(self, system: str, objects: Collection[str], *, whole: bool = False) -> Loaded:
        outcome = self._outcomes[system]
        if isinstance(outcome, SourceError):
            raise outcome
        if isinstance(outcome, Exception):
            # Whatever ended it, asking again cannot change it.
            raise source_error(system, outcome) from outcome
        return outcome

    def _load(self, system: str) -> None:
        try:
            self._outcomes[system] = super().load(system, ())
        except Exception as error:
            self._outcomes[system] = error
        self._ended.put(system)
