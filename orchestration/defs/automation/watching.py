"""Sensors that watch: dropped files, feeds that are later than their policy allows, and runs that failed."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg

from ingestion.config import ConfigurationError, settings
from ingestion.registry import SYSTEMS, SystemSpec
from orchestration import register
from orchestration.lib.names import FEED, AssetJob, raw_key, unread

DROPS_SECONDS, LATE_SECONDS, FAILURE_SECONDS = 30, 300, 30

Requests = Iterator[dg.RunRequest | dg.SkipReason]


def watching_sensors(loads: Mapping[str, AssetJob]) -> list[dg.SensorDefinition]:
    """The sensors; ``loads`` is the job of each enabled system."""
    if not loads:
        return []
    drops = [_dropped_files(system, load) for system, load in loads.items() if SYSTEMS[system].takes_files]
    return [*drops, _late_feeds(loads), _failed_runs(loads)]


def _dropped_files(system: str, load: AssetJob) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"{system}_dropped",
        job=load,
        minimum_interval_seconds=DROPS_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Files were dropped: read them.",
    )
    def dropped(context: dg.SensorEvaluationContext) -> Requests:
        if not (files := SYSTEMS[system].waiting_files()):
            yield dg.SkipReason("no file waits in the drop folder")
            return
        # The same files ask once: one that is refused stays until somebody repairs or removes it.
        yield dg.RunRequest(run_key=hashlib.sha256("\n".join(files).encode()).hexdigest())

    return dropped


def _late_feeds(loads: Mapping[str, AssetJob]) -> dg.SensorDefinition:
    @dg.sensor(
        name="late_feeds",
        jobs=list(loads.values()),
        minimum_interval_seconds=LATE_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="A feed is later than its policy (feed_max_age) allows: read its system now, once for each delay.",
    )
    def late(context: dg.SensorEvaluationContext) -> Requests:
        if not (settings().published_dir / "leakage.duckdb").exists():
            yield dg.SkipReason("nothing was published yet")
            return
        try:
            with register.open_register() as connection:
                feeds = [row for row in register.stale_feeds(connection) if row["system"] in loads]
        except ConfigurationError as error:
            yield dg.SkipReason(str(error))
            return
        if not feeds:
            yield dg.SkipReason("every feed reaches as far as its policy asks")
        for feed in feeds:
            system, since = feed["system"], feed["complete_through"]
            yield dg.RunRequest(run_key=f"{system}:{since}", job_name=loads[system].name)

    return late


def _failed_runs(loads: Mapping[str, AssetJob]) -> dg.SensorDefinition:
    """What went wrong, in words, on the asset that people look at."""

    @dg.run_failure_sensor(
        name="failed_runs",
        monitored_jobs=list(loads.values()),
        minimum_interval_seconds=FAILURE_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="A system could not be read: its feed says why and what to do.",
    )
    def failed(context: dg.RunFailureSensorContext) -> dg.SkipReason:
        system = next(name for name, job in loads.items() if job.name == context.dagster_run.job_name)
        feed = raw_key(system, FEED)
        missing = [name for event in context.get_step_failure_events() for name in unread(event.step_failure_data)]
        reads = [_last_read(context.instance, raw_key(system, name)) for name in missing or [FEED]]
        last = None if None in reads else min(filter(None, reads))
        sentence = stopped(SYSTEMS[system], last, failure_sentence(context), missing)
        context.instance.report_runless_asset_event(
            dg.AssetObservation(feed, metadata={"problem": sentence, "run": context.dagster_run.run_id})
        )
        return dg.SkipReason(sentence)

    return failed


def _last_read(instance: dg.DagsterInstance, key: dg.AssetKey) -> datetime | None:
    read = instance.get_latest_materialization_event(key)
    return datetime.fromtimestamp(read.timestamp, UTC) if read else None


def stopped(system: SystemSpec, last: datetime | None, reason: str, missing: Sequence[str] = ()) -> str:
    """What a failed load means for the business: what stays as it was since ``last`` (UTC), who answers for it, and why.

    ``missing`` are the objects that could not be read where the others were.
    """
    domains = ", ".join(sorted(system.domains)).upper()
    data = " and ".join(name.replace("_", " ") for name in missing) or f"{domains} data"
    stands = f"its {data} stay as of {last:%Y-%m-%d %H:%M} UTC" if last else f"there are no {data} of it yet"
    if missing:
        stands = f"{stands}, its other data are up to date"
    read = "was read in part" if missing else "could not be read"
    return f"{system.title} {read}: {stands}; {system.owner} answers for it. Reason: {reason}"


def failure_sentence(context: dg.RunFailureSensorContext) -> str:
    """Why a run failed: what its step said, or what became of its process."""
    for event in context.get_step_failure_events():
        said = event.step_failure_data.user_failure_data
        if said is not None and said.description:
            return str(said.description)
    return context.failure_event.message or "the run failed without saying why; see its log"
