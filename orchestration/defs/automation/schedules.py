"""The schedules: the working day's, the daily one, and the close of a month, when everything is looked at more often.

All are on from the start, and none piles up runs behind one that takes longer than its interval.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta

import dagster as dg

from orchestration.defs.publishing.month_close import CLOSE_JOB
from orchestration.lib.freshness import FIRST_HOUR, LAST_HOUR
from orchestration.lib.names import BUILD_JOB, load_job

# Hours are reported and expenses approved all day; contracts, invoices and supplier documents change once a day.
HOURLY_DOMAINS = ("psa", "expense")
DAY = f"{FIRST_HOUR}-{LAST_HOUR}"
DAILY, HOURLY = f"0 {FIRST_HOUR} * * *", f"0 {DAY} * * *"
# Half an hour after the loads; what was not there yet is in the next build.
BUILD = f"30 {DAY} * * *"
# The last days of a month and the first of the next, when its books are closed: what is read once a day is read every
# hour, what is read every hour every half hour, and the closed month is built and reconciled every fourth hour.
CLOSE_DAYS = "1-5,28-31"
CLOSE_HOURLY, CLOSE_HALF_HOURLY = f"0 6-22 {CLOSE_DAYS} * *", f"30 {DAY} {CLOSE_DAYS} * *"
CLOSE_BUILD, CLOSE = f"50 {DAY} {CLOSE_DAYS} * *", "10 6-22/4 1-5 * *"


def schedules(chosen: Mapping[str, str]) -> list[dg.ScheduleDefinition]:
    """The schedules of all jobs; ``chosen`` maps a domain to the system that serves it."""
    hourly = {system for domain, system in chosen.items() if domain in HOURLY_DOMAINS}
    return [
        *(_load_schedule(system, is_hourly=system in hourly) for system in dict.fromkeys(chosen.values())),
        _schedule(
            BUILD_JOB, [BUILD, CLOSE_BUILD], "Every hour of the working day, twice an hour around the month's end"
        ),
        _close_schedule(),
    ]


def _load_schedule(system: str, *, is_hourly: bool) -> dg.ScheduleDefinition:
    if is_hourly:
        about = "Every hour of the working day, twice an hour around the month's end"
        return _schedule(load_job(system), [HOURLY, CLOSE_HALF_HOURLY], about)
    about = "Every day before the working day, every hour around the month's end"
    return _schedule(load_job(system), [DAILY, CLOSE_HOURLY], about)


def _schedule(job_name: str, crons: Sequence[str], about: str) -> dg.ScheduleDefinition:
    def due(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        yield from _unless_waiting(context, job_name, dg.RunRequest())

    return _definition(job_name, crons, about, due)


def _close_schedule() -> dg.ScheduleDefinition:
    """The month before the current one, which is the one that is being closed."""

    def due(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        first_of_month = context.scheduled_execution_time.date().replace(day=1)
        closing = (first_of_month - timedelta(days=1)).replace(day=1)
        yield from _unless_waiting(context, CLOSE_JOB, dg.RunRequest(partition_key=closing.isoformat()))

    return _definition(CLOSE_JOB, [CLOSE], "Every fourth hour of the first days of a month: the month before", due)


def _unless_waiting(
    context: dg.ScheduleEvaluationContext, job_name: str, request: dg.RunRequest
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    waiting = dg.RunsFilter(job_name=job_name, statuses=[dg.DagsterRunStatus.QUEUED])
    if context.instance.get_runs_count(waiting):
        yield dg.SkipReason(f"a run of {job_name} is waiting already")
    else:
        yield request


def _definition(
    job_name: str, crons: Collection[str], about: str, due: dg.ScheduleEvaluationFunction
) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=f"{job_name}_schedule",
        job_name=job_name,
        cron_schedule=list(crons),
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        execution_fn=due,
        description=f"{about} (UTC).",
    )
