"""What is done beside loading and building: owners are told what is new, and the archive forgets what is old enough.

Both wait for a setting (``[alerts]``, ``keep_days`` of ``[archive]``): without it their schedules say so and do nothing.
"""

from collections.abc import Callable, Iterator

import dagster as dg

from ingestion.archive.settings import open_store
from ingestion.config import ConfigurationError, settings
from ingestion.http.errors import SourceError
from orchestration import alerts
from orchestration.alerts.routes import alert_routes
from orchestration.lib.freshness import FIRST_HOUR, LAST_HOUR
from orchestration.prune import kept_since, prune
from orchestration.publications import DATABASE
from orchestration.rebuild import RebuildError

ALERTS_JOB, PRUNE_JOB = "send_alerts", "prune_archive"
# After the build of each hour; the digest at the beginning of the working day, after its first build.
IMMEDIATELY, DAILY = f"55 {FIRST_HOUR}-{LAST_HOUR} * * *", f"15 {FIRST_HOUR + 1} * * 1-5"
# While nothing is read.
AT_NIGHT = "0 2 * * *"

Requests = Iterator[dg.RunRequest | dg.SkipReason]


class Alerts(dg.Config):
    """Which alerts are sent: ``immediate`` what is severe or has waited too long, ``digest`` all that is new."""

    mode: str = alerts.DIGEST


@dg.op(description="Tells each owner what is new or has become more urgent; what was told before is not repeated.")
def tell_owners(context: dg.OpExecutionContext, config: Alerts) -> None:
    """Fails when a target did not take an alert; the next run sends it again."""
    try:
        outcome = alerts.send(config.mode)
    except ConfigurationError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    context.log.info(f"{len(outcome.sent)} alert(s) sent, {outcome.in_doubt} in doubt")
    if outcome.failed:
        targets = ", ".join(sorted({alert.target for alert in outcome.failed}))
        raise dg.Failure(
            f"{len(outcome.failed)} alert(s) did not arrive ({targets}); check [alerts.targets], the next run sends them again",
            allow_retries=False,
        )


@dg.op(description="Forgets what the systems sent in loads that are older than keep_days of [archive].")
def forget_old_loads(context: dg.OpExecutionContext) -> None:
    """Each system on its own; fails with a sentence for each that could not be pruned."""
    failures = []
    try:
        since, systems = kept_since(), open_store().names("")
    except ConfigurationError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    for system in systems:
        try:
            done = prune(system, since, f"the schedule of {PRUNE_JOB}")
            context.log.info(f"{system}: {done.loads} load(s) pruned, {done.contents} content(s) forgotten")
        except (ConfigurationError, RebuildError, SourceError) as error:
            failures.append(str(error))
    if failures:
        raise dg.Failure("; ".join(failures), allow_retries=False)


@dg.job(name=ALERTS_JOB, description="Tells each owner what is new or worse in the exception queue.")
def send_alerts() -> None:
    tell_owners()


@dg.job(name=PRUNE_JOB, description="Keeps the archive as long as [archive] says.")
def prune_archive() -> None:
    forget_old_loads()


def upkeep() -> dg.Definitions:
    """The jobs and their schedules, all of them on."""
    return dg.Definitions(
        jobs=[send_alerts, prune_archive],
        schedules=[
            _schedule("immediate_alerts", ALERTS_JOB, IMMEDIATELY, _nobody_to_tell, _sending(alerts.IMMEDIATE)),
            _schedule("daily_digest", ALERTS_JOB, DAILY, _nobody_to_tell, _sending(alerts.DIGEST)),
            _schedule(f"{PRUNE_JOB}_schedule", PRUNE_JOB, AT_NIGHT, kept_since, {}),
        ],
    )


def _sending(mode: str) -> dict[str, object]:
    return {"ops": {tell_owners.name: {"config": {"mode": mode}}}}


def _nobody_to_tell() -> None:
    alert_routes()
    if not (settings().published_dir / DATABASE).exists():
        raise ConfigurationError("nothing was published yet")


def _schedule(
    name: str, job: str, cron: str, require: Callable[[], object], config: dict[str, object]
) -> dg.ScheduleDefinition:
    """A run each time, unless ``require`` raises ConfigurationError, which says what is missing."""

    def due(_: dg.ScheduleEvaluationContext) -> Requests:
        try:
            require()
        except ConfigurationError as missing:
            yield dg.SkipReason(str(missing))
        else:
            yield dg.RunRequest(run_config=config)

    return dg.ScheduleDefinition(
        name=name,
        job_name=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        execution_fn=due,
    )
