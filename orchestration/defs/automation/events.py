"""From event to mart: what comes into the inbox is drained, its systems are read, and what hangs below them is built.

Three sensors, each of which starts the next step when the one before it has succeeded. Loads are runs of their own, so that
a vendor that answers slowly keeps neither the inbox nor the build waiting. An event is a hint: the load reads what the system
says, so that events twice, late or in the wrong order change nothing, and the schedules find what no event told. What is
built is what hangs below the objects that the load brought something of; where it brought nothing, nothing is built.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime, time

import dagster as dg

from ingestion.config import settings
from ingestion.registry import EVENTS
from ingestion.sources.events import waiting_events
from orchestration.defs.ingestion.events import SENDERS
from orchestration.lib.names import BUILD_JOB, FEED, QUARANTINE, AssetJob, raw_group, raw_key

# On the runs that an event started.
TRIGGER = "leakage/trigger"
BY_EVENT = {TRIGGER: "event"}
SYSTEM = "leakage/system"
# The daemon looks every five seconds; with as much here it would leave out every other look.
INBOX_SECONDS = 1
# Metadata of raw assets: what a load brought.
ROW_COUNTS = ("versions_appended", "tombstones", "quarantined")

Requests = Iterator[dg.RunRequest | dg.SkipReason]


def event_sensors(
    loads: Mapping[str, AssetJob],
    inbox: AssetJob,
    build: AssetJob,
    below: Callable[[dg.AssetSelection], Collection[dg.AssetKey]],
    parsed_at: datetime,
) -> list[dg.SensorDefinition]:
    """The sensors; ``loads`` is the job of each system, ``below`` names what is built below raw assets.

    The project has been what it is since ``parsed_at`` (UTC): what was built before then was built by another one.
    """

    @dg.sensor(
        name="event_inbox",
        job=inbox,
        minimum_interval_seconds=INBOX_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Events wait in the inbox: drain it.",
    )
    def event_inbox(context: dg.SensorEvaluationContext) -> Requests:
        if not (waiting := waiting_events()):
            yield dg.SkipReason("no event waits in the inbox")
        elif _unfinished(context.instance, inbox.name):
            yield dg.SkipReason(f"{waiting} event(s) wait; the inbox is being drained already")
        else:
            yield dg.RunRequest(tags=BY_EVENT)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="after_events",
        monitored_jobs=[inbox],
        request_jobs=list(loads.values()),
        minimum_interval_seconds=INBOX_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Events were drained: read the systems that they came from.",
    )
    def after_events(context: dg.RunStatusSensorContext) -> Requests:
        instance, run_id = context.instance, context.dagster_run.run_id
        senders = drained_senders(instance, run_id)
        systems = {system: BY_EVENT | {SYSTEM: system} for system in loads if system in senders}
        if not systems:
            yield dg.SkipReason(f"no enabled system sent these events; they came from {', '.join(senders) or 'nobody'}")
            return
        unread = {system: ours for system, ours in systems.items() if not _queued(instance, loads[system].name, ours)}
        if not unread:
            yield dg.SkipReason(f"loads of {', '.join(systems)} that have not begun yet will see what the events told")
        for system, ours in unread.items():
            yield dg.RunRequest(run_key=f"{run_id}:{system}", job_name=loads[system].name, tags=ours)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="after_load",
        monitored_jobs=list(loads.values()),
        request_job=build,
        minimum_interval_seconds=INBOX_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="A system was read because of an event: build what hangs below it.",
    )
    def after_load(context: dg.RunStatusSensorContext) -> Requests:
        tags = context.dagster_run.tags
        if tags.get(TRIGGER) != BY_EVENT[TRIGGER]:
            yield dg.SkipReason("the schedule of the build follows this load")
            return
        instance, run_id, system = context.instance, context.dagster_run.run_id, tags[SYSTEM]
        if not (news := changed_objects(instance, run_id, system)):
            yield dg.SkipReason(f"{system} holds nothing that raw did not hold: there is nothing to build")
            return
        # How far the feed goes now, and what the event itself tells, are built too.
        changed = dg.AssetSelection.assets(*news, raw_key(system, FEED))
        selection = None
        if was_built_whole(instance, parsed_at):
            selection = sorted(below(changed | dg.AssetSelection.groups(raw_group(EVENTS.name))))
        if any(_covers(run, selection) for run in _queued(instance, BUILD_JOB)):
            yield dg.SkipReason("a build that has not begun yet will see what was loaded")
            return
        yield dg.RunRequest(
            run_key=run_id, job_name=BUILD_JOB, tags=BY_EVENT | {SYSTEM: system}, asset_selection=selection
        )

    return [event_inbox, after_events, after_load]


def drained_senders(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Who sent the events that this run of the inbox's job appended to raw."""
    key = raw_key(EVENTS.name, next(iter(EVENTS.objects)))
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        made = entry.asset_materialization
        if made is not None and made.asset_key == key:
            return [str(sender) for sender in made.metadata[SENDERS].value]
    return []


def changed_objects(instance: dg.DagsterInstance, run_id: str, system: str) -> list[dg.AssetKey]:
    """The raw assets of ``system`` that this load appended a version, a deletion or a quarantined record to."""
    found = []
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        if (made := entry.asset_materialization) is None:
            continue
        counts = {name: made.metadata[name].value for name in ROW_COUNTS if name in made.metadata}
        if counts.get("versions_appended") or counts.get("tombstones"):
            found.append(made.asset_key)
        if counts.get("quarantined"):
            found.append(raw_key(system, QUARANTINE))
    return sorted(set(found))


def was_built_whole(instance: dg.DagsterInstance, parsed_at: datetime) -> bool:
    """Whether a build of everything succeeded for the present business date, by the project as it has been since.

    A part that is built beside parts of yesterday, or of another release, would be a register of no day.
    """
    since = parsed_at
    if settings().as_of is None:
        since = max(since, datetime.combine(datetime.now(UTC).date(), time(), UTC))
    builds = dg.RunsFilter(job_name=BUILD_JOB, statuses=[dg.DagsterRunStatus.SUCCESS], created_after=since)
    return any(not run.asset_selection for run in instance.get_runs(builds))


def _covers(run: dg.DagsterRun, selection: Collection[dg.AssetKey] | None) -> bool:
    """Whether a run of the build builds all of ``selection``; none is everything."""
    return not run.asset_selection or (selection is not None and run.asset_selection.issuperset(selection))


def _queued(instance: dg.DagsterInstance, job: str, tags: Mapping[str, str] | None = None) -> list[dg.DagsterRun]:
    """The runs of ``job`` that have not begun."""
    waiting = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.QUEUED], tags=tags)
    return list(instance.get_runs(waiting))


def _unfinished(instance: dg.DagsterInstance, job: str) -> bool:
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

    return bool(instance.get_runs_count(dg.RunsFilter(job_name=job, statuses=NOT_FINISHED_STATUSES)))
