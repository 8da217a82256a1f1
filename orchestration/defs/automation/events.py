"""From event to mart: what comes into the inbox is drained, its systems are read, and what hangs below them is built.

Three sensors, each of which starts the next step when the one before it has succeeded. Loads are runs of their own, so that
a vendor that answers slowly keeps neither the inbox nor the build waiting. An event is a hint: the load reads what the system
says, so that events twice, late or in the wrong order change nothing, and the schedules find what no event told.
"""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from ingestion.registry import EVENTS
from ingestion.sources.events import waiting_events
from orchestration.defs.ingestion.events import SENDERS
from orchestration.lib.names import BUILD_JOB, AssetJob, raw_key

# On the runs that an event started.
TRIGGER = "leakage/trigger"
BY_EVENT = {TRIGGER: "event"}
SYSTEM = "leakage/system"
INBOX_SECONDS = 5

Requests = Iterator[dg.RunRequest | dg.SkipReason]


def event_sensors(
    loads: Mapping[str, AssetJob],
    inbox: AssetJob,
    build: AssetJob,
    below: Mapping[str, Sequence[dg.AssetKey]],
) -> list[dg.SensorDefinition]:
    """The sensors; ``loads`` is the job and ``below`` the built assets downstream of raw, by system."""

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
        senders = drained_senders(context.instance, context.dagster_run.run_id)
        if not (systems := [system for system in loads if system in senders]):
            yield dg.SkipReason(f"no enabled system sent these events; they came from {', '.join(senders) or 'nobody'}")
        for system in systems:
            yield dg.RunRequest(
                run_key=f"{context.dagster_run.run_id}:{system}",
                job_name=loads[system].name,
                tags=BY_EVENT | {SYSTEM: system},
            )

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
        ours = BY_EVENT | {SYSTEM: tags[SYSTEM]}
        waiting = dg.RunsFilter(job_name=BUILD_JOB, statuses=[dg.DagsterRunStatus.QUEUED], tags=ours)
        if context.instance.get_runs_count(waiting):
            yield dg.SkipReason("a build that has not begun yet will see what was loaded")
            return
        yield dg.RunRequest(
            run_key=context.dagster_run.run_id, job_name=BUILD_JOB, tags=ours, asset_selection=list(below[tags[SYSTEM]])
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


def _unfinished(instance: dg.DagsterInstance, job: str) -> bool:
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

    return bool(instance.get_runs_count(dg.RunsFilter(job_name=job, statuses=NOT_FINISHED_STATUSES)))
