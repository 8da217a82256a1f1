"""The commands that read the register and decide about findings."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from ingestion.config import ConfigurationError

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script instead of text for people.")]
OfReplay = Annotated[
    str | None, typer.Option("--replay", metavar="NAME", help="Read this replay instead of the live register.")
]


def findings(
    category: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    verdict: Annotated[str | None, typer.Option(help="Only this verdict, for instance at_risk.")] = None,
    of_replay: OfReplay = None,
    as_json: Json = False,
) -> None:
    """The register of findings, the largest leakage first."""
    from rich.console import Console

    from orchestration import register, screen

    with register.open_register(of_replay) as connection:
        found = register.findings(connection, category, verdict)
    if as_json:
        print_json(register.plain(found))
        return
    console = Console()
    screen.show_register(console, found, found[0]["as_of_date"] if found else "now", limit=None)
    screen.show_totals(console, found)


def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT", help="A finding's id or its unique beginning, an item's id, or a record as TYPE:SYSTEM:ID."
        ),
    ],
    of_replay: OfReplay = None,
    as_json: Json = False,
) -> None:
    """One finding's evidence, record by record, from the CRM to the ledger; or why an item is not a leak.

    An item is named by its id (kantata:123) or as time_entry:kantata:123.
    """
    from rich.console import Console

    from orchestration import item_evidence, register, screen

    with register.open_register(of_replay) as connection:
        found = item_evidence.explain_anything(connection, what)
    if as_json:
        print_json(register.plain(found))
    elif "item_id" in found:
        screen.show_item(Console(), found)
    else:
        screen.show_chain(Console(), found)


def decide(
    finding_id: Annotated[str, typer.Argument(help="Id of a finding, or its unique beginning.")],
    accept: Annotated[bool, typer.Option("--accept", help="It is a leak; somebody works on it.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="It is none; it stays listed and is not counted.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; needed to reject.")] = None,
    by: Annotated[str | None, typer.Option(metavar="WHO", help="Who decides.")] = None,
    as_json: Json = False,
) -> None:
    """Accept or reject a finding. The decision is kept for good; the next run shows it in the register."""
    from orchestration import decisions, register

    if accept == reject:
        raise ConfigurationError("decide: say either --accept or --reject")
    recorded = decisions.decide(finding_id, decisions.ACCEPTED if accept else decisions.REJECTED, reason, by)
    if as_json:
        print_json(register.plain(recorded))
    else:
        typer.echo(
            f"{recorded['finding_id']} {recorded['decision']} by {recorded['decided_by']}; the next run shows it"
        )


def publications(as_json: Json = False) -> None:
    """What was published and is kept, the newest first; readers see the current one."""
    from ingestion.config import settings
    from orchestration.publications import publications as kept_publications

    kept = kept_publications(settings().published_dir)
    if as_json:
        print_json([{**asdict(one), "published_at": one.published_at.isoformat()} for one in kept])
        return
    for one in kept:
        current = "  current" if one.is_current else ""
        typer.echo(f"{one.run_id}  {one.published_at:%Y-%m-%d %H:%M:%SZ}  {one.tables} tables{current}")
    if not kept:
        typer.echo("nothing was published yet; type `leakage run` first", err=True)


def rollback(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run that published, or its unique beginning.")],
) -> None:
    """Show readers an earlier publication again. Nothing is built, and the next run publishes as usual."""
    from ingestion.config import settings
    from orchestration.publications import rollback as show_again

    again = show_again(settings().published_dir, run)
    typer.echo(
        f"readers see what run {again.run_id} published at {again.published_at:%Y-%m-%d %H:%M:%SZ}; "
        "the next run publishes as usual"
    )


def print_json(value: Any, indent: int | None = 2) -> None:
    """One JSON value on the output."""
    typer.echo(json.dumps(value, indent=indent, ensure_ascii=False))
