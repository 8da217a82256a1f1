"""What every vendor source is made of: credentials, a client that fetches, and one resource per raw object."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Protocol, TypeVar

import dlt
from dlt.common.configuration import resolve_configuration
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.configuration.specs.base_configuration import is_secret_hint
from dlt.extract import DltSource

from ingestion.archive import tape
from ingestion.http.errors import CredentialsError, SourceError
from ingestion.raw import Fetched, RawObject, Window, raw_resource

Spec = TypeVar("Spec", bound=BaseConfiguration)


class Client(Protocol):
    """One authenticated connection to a vendor, shared by all objects of a run."""

    def fetch(self, obj: RawObject, window: Window) -> Iterable[Fetched]:
        """Pages of the records of ``obj`` that changed in ``window``."""

    def server_time(self) -> datetime:
        """The vendor's clock (UTC); it may need a request when nothing was asked yet."""


def build_source(
    system: str, objects: Mapping[str, RawObject], connect: Callable[[], Client], start: date | None = None
) -> DltSource:
    """The dlt source ``raw_<system>``: one append-only resource per object, read in the order of ``objects``.

    ``connect`` runs when the first object is read, not when the source is built: importing and drawing the asset
    graph needs neither credentials nor a network.
    """
    client = cache(connect)

    @dlt.source(name=f"raw_{system}", section=system)
    def raw() -> Iterable[object]:
        for obj in objects.values():

            def fetch(window: Window, obj: RawObject = obj) -> Iterable[Fetched]:
                return client().fetch(obj, window)

            yield raw_resource(system, obj, fetch, lambda: client().server_time(), start)

    return raw()


def credentials(system: str, spec: type[Spec]) -> Spec:
    """What ``system`` is read with: its settings, which the archive of the running load keeps but for the secrets.

    Raises CredentialsError that names the missing fields and where to put them; never shows a value.
    """
    found = resolved(system, spec)
    if recording := tape.current():
        hints = spec.get_resolvable_fields()
        given = {name: found[name] for name in hints if found[name] is not None}
        secrets = {name: str(value) for name, value in given.items() if is_secret_hint(hints[name])}
        recording.configured({name: value for name, value in given.items() if name not in secrets}, secrets)
    return found


def resolved(system: str, spec: type[Spec]) -> Spec:
    """The settings of ``system`` from dlt's providers (environment, ``.dlt/secrets.toml``); raises CredentialsError."""
    try:
        return resolve_configuration(spec(), sections=("sources", system))
    except ConfigurationException as error:
        fields = getattr(error, "fields", None) or getattr(error, "traces", None) or ["its credentials"]
        missing = ", ".join(sorted(fields))
        raise CredentialsError(
            f"{system}: {missing} not configured; set SOURCES__{system.upper()}__<FIELD> in the environment or "
            f"[sources.{system}] in .dlt/secrets.toml (see ingestion/sources/{system}/README.md)"
        ) from None


def run_alone(system: str) -> None:
    """Load one system and say what came; the body of ``python -m ingestion.sources.<system>``."""
    from ingestion import pipelines

    try:
        info = pipelines.run(system)
    except SourceError as error:
        sys.exit(str(error))
    trace = pipelines.pipeline_for(system).last_trace
    counts = trace.last_normalize_info.row_counts if trace and trace.last_normalize_info else {}
    for table, rows in sorted(counts.items()):
        print(f"{table:<32}{rows:>10,} rows")
    print(f"loaded {len(info.loads_ids)} package(s) into {info.dataset_name}")
