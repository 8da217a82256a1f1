"""The tape of a load: a recorder on the configured archive, unless the load is a replay and brings its player."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.metadata import version

from ingestion.archive import tape
from ingestion.archive.blobs import Blobs
from ingestion.archive.chain import Chain, ChainError
from ingestion.archive.settings import open_store
from ingestion.archive.tape import Recorder, Tape
from ingestion.config import settings
from ingestion.http.errors import PermanentError


@contextmanager
def recording(system: str, after: str | None, objects: Collection[str], *, whole: bool = False) -> Iterator[Tape]:
    """The tape of the load of ``objects`` that begins now; ``after`` is the load that the warehouse holds last.

    ``whole`` says that it asks for everything again.

    To be entered by whoever has the right to load ``system``. Raises PermanentError when the archive cannot be continued.
    """
    playing = tape.current()
    if playing is not None:
        yield playing
        return
    store = open_store()
    beginning = {
        "after": after,
        "objects": list(objects),
        "whole": whole,
        "domains": [domain for domain, serving in settings().systems.items() if serving == system],
        "version": version("leakage"),
    }
    with _readable(system):
        recorder = Recorder(Chain(store, system), Blobs(store, system), beginning)
    try:
        with tape.running(recorder):
            yield recorder
    except BaseException as error:
        recorder.failed(error)
        raise


def holds(system: str, load_id: str) -> bool:
    """Whether the archive holds all that the load was made of, which was the last one to begin; raises PermanentError."""
    with _readable(system):
        last = Chain(open_store(), system).last("begin")
    return any(entry["kind"] == "extracted" and entry["load_id"] == load_id for entry in last)


@contextmanager
def _readable(system: str) -> Iterator[None]:
    try:
        yield
    except ChainError as error:
        raise PermanentError(
            f"{system}: the archive cannot be continued: entry {error.number}: {error}; restore the archive's folder, or "
            "set ARCHIVE__BUCKET_URL to a new one"
        ) from None
