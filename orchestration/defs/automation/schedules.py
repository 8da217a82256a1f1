"""The jobs and their schedules: everything daily, time and expenses hourly. Both schedules are on from the start."""

from collections.abc import Mapping

import dagster as dg

# Hours are reported and expenses approved all day; contracts, invoices and supplier documents change once a day.
HOURLY_DOMAINS = ("psa", "expense")


def automation(chosen: Mapping[str, str]) -> dg.Definitions:
    """The jobs and schedules; ``chosen`` maps a domain to the system that serves it."""
    daily = dg.define_asset_job(
        "daily", dg.AssetSelection.all(), description="Reads every system, rebuilds every layer, checks and publishes."
    )
    jobs = [daily]
    schedules = [_schedule("daily", "0 5 * * *", "Every day at 05:00 UTC, before the firm's working day.")]
    frequent = list(dict.fromkeys(system for domain, system in chosen.items() if domain in HOURLY_DOMAINS))
    if frequent:
        groups = dg.AssetSelection.groups(*[f"ingestion/{system}" for system in frequent])
        hourly = dg.define_asset_job(
            "hourly", groups.downstream(), description="Reads time and expenses and everything that hangs below them."
        )
        jobs.append(hourly)
        schedules.append(_schedule("hourly", "15 6-22 * * *", "A quarter past every hour of the working day (UTC)."))
    return dg.Definitions(jobs=jobs, schedules=schedules)


def _schedule(job_name: str, cron: str, description: str) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=f"{job_name}_schedule",
        job_name=job_name,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )
