"""The commands of ``leakage audit``: prove the archive, and forget what is older than the firm keeps."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, time
from typing import Annotated

import typer

from ingestion.config import ConfigurationError, parse_day, settings
from orchestration.cli_register import Json, print_json

FAILED = 1

audit_app = typer.Typer(
    help="The archive of what the systems sent: whether it is untouched, and how long it is kept.", no_args_is_help=True
)
Only = Annotated[str | None, typer.Option("--system", help="Only this system; default all that the archive holds.")]


@audit_app.command()
def verify(system: Only = None, as_json: Json = False) -> None:
    """Check every entry and content of the archive: exit code 1 and the first broken entry of each system, if any."""
    from ingestion.archive.head import heads
    from ingestion.archive.settings import open_store
    from ingestion.archive.verify import verify as verified

    store = open_store()
    remembered = heads(settings().warehouse_path)
    # Also one of which the warehouse alone remembers: its whole archive is gone.
    systems = [system] if system else sorted({*store.names(""), *remembered})
    if not systems:
        raise ConfigurationError("the archive is empty; type `leakage demo` or `leakage run` first")
    verdicts = [verified(store, one, remembered.get(one)) for one in systems]
    if as_json:
        print_json([{**asdict(verdict), "whole": verdict.is_whole} for verdict in verdicts])
    else:
        for verdict in verdicts:
            if verdict.is_whole:
                pruned = f", {verdict.pruned:,} pruned" if verdict.pruned else ""
                typer.echo(
                    f"ok    {verdict.system}: {verdict.entries:,} entries, {verdict.contents:,} contents{pruned}"
                )
            else:
                typer.echo(f"BROKEN {verdict.system}: entry {verdict.broken}: {verdict.reason}")
    if not all(verdict.is_whole for verdict in verdicts):
        raise typer.Exit(FAILED)


@audit_app.command()
def prune(
    by: Annotated[str, typer.Option(metavar="NAME", help="Who answers for it; the archive keeps the name.")],
    before: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Forget loads that began before; default: keep_days of [archive]."),
    ] = None,
    system: Only = None,
    as_json: Json = False,
) -> None:
    """Forget what was sent in old loads. Kept are the manifest, who forgot what, and the raw tables that it had led to."""
    from ingestion.archive.settings import open_store
    from orchestration.environment import output_to
    from orchestration.prune import kept_since
    from orchestration.prune import prune as forget
    from orchestration.rebuild import RebuildError, log_path

    limit = datetime.combine(parse_day(before, "--before"), time(), UTC) if before else kept_since()
    failures, done = [], []
    for one in [system] if system else open_store().names(""):
        try:
            with output_to(log_path(one)):
                done.append(forget(one, limit, by))
        except RebuildError as error:
            failures.append(str(error))
    if as_json:
        print_json([asdict(pruned) for pruned in done])
    else:
        for pruned in done:
            typer.echo(f"{pruned.system}: {pruned.loads:,} loads pruned, {pruned.contents:,} contents forgotten")
    for failure in failures:
        typer.echo(f"leakage: {failure}", err=True)
    if failures:
        raise typer.Exit(FAILED)
