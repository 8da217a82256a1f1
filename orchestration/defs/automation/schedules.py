"""The jobs and their schedules: each system is read by a job of its own, one job builds from whatever has arrived.

A vendor that is slow or down delays its own data and nothing else: no load waits for another, and the build waits for
none. All schedules are on from the start.
"""

from collections.abc import Iterator, Mapping

import dagster as dg

from orchestration.lib.names import BUILD_JOB, load_job, raw_group

# Hours are reported and expenses approved all day; contracts, invoices and supplier documents change once a day.
HOURLY_DOMAINS = ("psa", "expense")
DAILY, HOURLY = "0 5 * * *", "0 5-22 * * *"
# Half an hour after the loads; what was not there yet is in the next build.
BUILD = "30 5-22 * * *"


def automation(chosen: Mapping[str, str]) -> dg.Definitions:
    """The jobs and schedules; ``chosen`` maps a domain to the system that serves it."""
    hourly = {system for domain, system in chosen.items() if domain in HOURLY_DOMAINS}
    loads = [
        dg.define_asset_job(
            load_job(system),
            dg.AssetSelection.groups(raw_group(system)),
            description=f"Reads {system} and checks what it sent; no other system waits for it.",
        )
        for system in dict.fromkeys(chosen.values())
    ]
    build = dg.define_asset_job(
        BUILD_JOB,
        dg.AssetSelection.all() - dg.AssetSelection.key_prefixes("raw"),
        description="Builds every layer from what raw holds, reconciles and publishes; late feeds are named, not awaited.",
    )
    schedules = [_schedule(load_job(s), HOURLY if s in hourly else DAILY) for s in dict.fromkeys(chosen.values())]
    return dg.Definitions(jobs=[*loads, build], schedules=[*schedules, _schedule(BUILD_JOB, BUILD)])


def _schedule(job_name: str, cron: str) -> dg.ScheduleDefinition:
    """A schedule that does not pile up runs behind one that takes longer than the interval."""

    def due(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        waiting = dg.RunsFilter(job_name=job_name, statuses=[dg.DagsterRunStatus.QUEUED])
        if context.instance.get_runs_count(waiting):
            yield dg.SkipReason(f"a run of {job_name} is waiting already")
        else:
            yield dg.RunRequest()

    return dg.ScheduleDefinition(
        name=f"{job_name}_schedule",
        job_name=job_name,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        execution_fn=due,
        description=f"{'Every hour of the working day' if '-' in cron else 'Every day before the working day'} (UTC).",
    )
