"""The commands of those who run the firm's revenue every day: the queue of exceptions, alerts about it, and traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ingestion.config import ConfigurationError
from orchestration.cli_register import Json, OfReplay, print_json

if TYPE_CHECKING:
    from orchestration.alerts import Outcome

NOT_SENT = 1

alerts_app = typer.Typer(
    help="Alerts about the exception queue, by mail, Slack, Teams or webhook.", no_args_is_help=True
)


def exceptions(
    owner: Annotated[str | None, typer.Option(help="Only those of FIN, PMO, SVC, SOP, IT or PROC.")] = None,
    snoozed: Annotated[bool, typer.Option("--snoozed", help="Also what was put off.")] = False,
    as_json: Json = False,
) -> None:
    """What has to be acted on, by owner, in business words; the most urgent first."""
    from rich.console import Console

    from orchestration import exceptions as queues
    from orchestration import register, screen

    with register.open_register() as connection:
        found = queues.queue(connection, owner, snoozed=snoozed)
    if as_json:
        print_json(register.plain(found))
    else:
        screen.show_exceptions(Console(), found)


def snooze(
    exception_id: Annotated[str, typer.Argument(help="Id of an exception, or its unique beginning.")],
    until: Annotated[str, typer.Option(metavar="DATE", help="Day on which it is in the queue again.")],
    reason: Annotated[str | None, typer.Option(help="Why it can wait.")] = None,
    by: Annotated[str | None, typer.Option(metavar="WHO", help="Who decides.")] = None,
    as_json: Json = False,
) -> None:
    """Put an exception off. No alert tells of it until then; the next run shows it as snoozed."""
    from ingestion.config import parse_day
    from orchestration import decisions, register

    recorded = decisions.snooze(exception_id, parse_day(until, "--until"), reason, by)
    if as_json:
        print_json(register.plain(recorded))
    else:
        typer.echo(f"{recorded['exception_id']} snoozed until {recorded['until_date']} by {recorded['decided_by']}")


def trace(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT", help="Engagement, change order or invoice: our id, the system's id or its number."
        ),
    ],
    of_replay: OfReplay = None,
    as_json: Json = False,
) -> None:
    """One agreement's or amendment's way through CRM, delivery, billing and revenue: when, where, and what is missing."""
    from rich.console import Console

    from orchestration import register, screen
    from orchestration import trace as traces

    with register.open_register(of_replay) as connection:
        found = traces.trace(connection, what)
    if as_json:
        print_json(register.plain(found))
    else:
        screen.show_trace(Console(), found)


@alerts_app.command("send")
def send_alerts(
    digest: Annotated[bool, typer.Option("--digest", help="One message per owner and target with all news.")] = False,
    immediate: Annotated[
        bool, typer.Option("--immediate", help="One message per exception that is severe or has waited too long.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent, send and record nothing.")
    ] = False,
    repeat_in_doubt: Annotated[
        bool, typer.Option("--repeat-in-doubt", help="Also what an interrupted run may have sent or not.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell each owner what is new or has become more urgent; what was told before is not repeated. Exit code 1 when a
    target could not be reached."""
    from orchestration import alerts

    if digest == immediate:
        raise ConfigurationError("alerts send: say either --digest or --immediate")
    outcome = alerts.send(
        alerts.DIGEST if digest else alerts.IMMEDIATE, dry_run=dry_run, repeat_in_doubt=repeat_in_doubt
    )
    if as_json:
        print_json(
            {
                "sent": [alert.summary() for alert in outcome.sent],
                "failed": [alert.summary() for alert in outcome.failed],
                "in_doubt": outcome.in_doubt,
                "is_dry_run": outcome.is_dry_run,
            }
        )
    else:
        _say(outcome)
    if outcome.failed:
        raise typer.Exit(NOT_SENT)


def _say(outcome: Outcome) -> None:
    for alert in outcome.sent:
        typer.echo(f"{'would tell' if outcome.is_dry_run else 'told'} {alert.target}: {alert.title}")
        if outcome.is_dry_run:
            typer.echo("\n".join(f"    {line}" for line in alert.text.splitlines()))
    for alert in outcome.failed:
        typer.echo(
            f"leakage: {alert.target} did not take an alert for {alert.owner}; check [alerts.targets] and send again",
            err=True,
        )
    if outcome.in_doubt:
        typer.echo(
            f"warning: {outcome.in_doubt} alert(s) may or may not have arrived, an earlier run was interrupted; "
            "--repeat-in-doubt sends them again",
            err=True,
        )
    if not outcome.sent and not outcome.failed:
        typer.echo("nothing new to tell")
