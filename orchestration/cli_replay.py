"""The command ``leakage replay``: a past day's register from raw, or raw itself from the archive."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from ingestion.config import ConfigurationError, parse_day, parse_moment
from orchestration.cli_register import Json, print_json

FAILED = 1


def replay(
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Build this day again: its business date, as in 2026-04-30.")
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="With --as-of: use what was known by then (UTC); default the end of that day; now = all.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="With --as-of: what to call it; default the business date.")] = None,
    system: Annotated[
        str | None,
        typer.Option(help="Make raw of this system again from the archive and compare it with the warehouse."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="With --system: of loads that began then or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="With --system: of loads that began by then.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --system: keep what was made as this DuckDB file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Build a past day again from raw (--as-of), or raw again from the archive alone (--system); never over the live one."""
    of_day = {"--known-at": known_at, "--name": name}
    of_raw = {"--from": since, "--to": until, "--into": into}
    if (as_of is None) == (system is None):
        raise ConfigurationError(
            "replay: say either --as-of DATE (a past day) or --system SYSTEM (raw from the archive)"
        )
    if wrong := [option for option, value in (of_day if system else of_raw).items() if value is not None]:
        raise ConfigurationError(f"{wrong[0]}: it goes with {'--as-of' if system else '--system'}, which was not given")
    if as_of is not None:
        _past_day(as_of, known_at, name, as_json)
    elif system is not None:
        _raw(system, _start(since), _end(until), into, as_json)


def _past_day(as_of: str, known_at: str | None, name: str | None, as_json: bool) -> None:
    day = parse_day(as_of, "--as-of")
    moment = None
    if known_at is not None:
        moment = datetime.now(UTC) if known_at == "now" else parse_moment(known_at, "--known-at")

    from orchestration import register
    from orchestration.replay import ReplayError
    from orchestration.replay import replay as build_again

    try:
        done = build_again(day, moment, name, lambda line: typer.echo(f"{line} ...", err=True))
    except ReplayError as error:
        typer.echo(f"leakage: {error}", err=True)
        raise typer.Exit(FAILED) from None
    with register.open_register(done.name) as connection:
        found = register.findings(connection)
    summary: dict[str, Any] = {
        "name": done.name,
        "as_of": done.as_of,
        "known_at": done.known_at,
        "findings": len(found),
        "leakage": register.leakage_by_currency(found),
        "database": str(done.database),
        "seconds": done.seconds,
    }
    if as_json:
        print_json(register.plain(summary), indent=None)
        return
    totals = ", ".join(f"{register.money(v)} {c}" for c, v in summary["leakage"].items()) or "none"
    typer.echo(f"{done.as_of} as known at {done.known_at:%Y-%m-%dT%H:%M:%SZ}: {len(found)} findings, leakage {totals}")
    typer.echo(f"it is in {done.database}; `leakage findings --replay {done.name}` lists it")


def _raw(system: str, since: datetime | None, until: datetime | None, into: Path | None, as_json: bool) -> None:
    """Exit code 1 when a table differs from the warehouse's, or cannot be made."""
    from orchestration.environment import output_to
    from orchestration.rebuild import RebuildError, log_path, rebuild

    try:
        with output_to(log_path(system)) as terminal:
            made = rebuild(system, since, until, into, lambda line: print(f"{line} ...", file=terminal, flush=True))
    except RebuildError as error:
        typer.echo(f"leakage: {error}", err=True)
        raise typer.Exit(FAILED) from None
    if as_json:
        tables = {t.name: {"rows": t.rows, "sha256": t.checksum, "equal": t.is_equal} for t in made.tables}
        database = str(made.database) if made.database else None
        print_json(
            {"system": system, "loads": made.load_ids, "equal": made.is_equal, "tables": tables, "database": database}
        )
    else:
        for table in made.tables:
            differs = "" if table.is_equal else f"  DIFFERS: the warehouse has {table.live_rows:,} rows"
            typer.echo(f"{table.name:<32}{table.rows:>10,} rows  {table.checksum[:16]}{differs}")
        verdict = "equal to the warehouse" if made.is_equal else "NOT equal to the warehouse"
        typer.echo(f"raw_{system}, {len(made.load_ids)} load(s) made again from the archive: {verdict}")
        if made.database:
            typer.echo(f"it is in {made.database}")
    if not made.is_equal:
        raise typer.Exit(FAILED)


def _start(text: str | None) -> datetime | None:
    return None if text is None else parse_moment(text, "--from").astimezone(UTC)


def _end(text: str | None) -> datetime | None:
    """The moment; of a mere date the end of that day."""
    if text is None:
        return None
    if len(text) == len("2026-04-30"):
        return datetime.combine(parse_day(text, "--to") + timedelta(days=1), time(), UTC) - timedelta(microseconds=1)
    return parse_moment(text, "--to").astimezone(UTC)
