"""The command line ``leakage``. Everything heavy is imported by the command that needs it: help answers at once."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingestion.config import ConfigurationError, parse_systems, settings
from orchestration import cli_audit, cli_operations, cli_register, cli_replay
from orchestration.cli_register import Json, print_json

if TYPE_CHECKING:
    from orchestration.demo import DemoFirm
    from orchestration.run import RunResult

CHECK_FAILED, MISUSED = 1, 2

app = typer.Typer(
    name="leakage",
    help="Finds where a professional-services firm loses revenue, proves it to the cent, and says what to do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
sandbox_app = typer.Typer(help="The vendors' stand-ins on their own.", no_args_is_help=True)
scenarios_app = typer.Typer(
    help="Scenario files: small business cases and the findings they must give.", no_args_is_help=True
)
policies_app = typer.Typer(help="The policies: SLAs, tolerances, owners, rates, rules.", no_args_is_help=True)
app.add_typer(sandbox_app, name="sandbox")
app.add_typer(scenarios_app, name="scenarios")
app.add_typer(policies_app, name="policies")
app.add_typer(cli_audit.audit_app, name="audit")
app.add_typer(cli_operations.alerts_app, name="alerts")

Systems = Annotated[
    str | None,
    typer.Option(metavar="DOMAIN=SYSTEM,...", help="Which system serves which domain; default LEAKAGE_SYSTEMS."),
]
Seed = Annotated[int, typer.Option(help="Same seed, same firm.")]
Staff = Annotated[int, typer.Option(min=5, max=5000, help="People in the firm.")]
Months = Annotated[int, typer.Option(min=4, max=36, help="Months of history, up to the end of April 2026.")]


@app.command()
def demo(seed: Seed = 7, staff: Staff = 60, months: Months = 6, systems: Systems = None, as_json: Json = False) -> None:
    """The main job with nothing configured: a sandbox firm, read over HTTP, checked, and its register of leakage."""
    from orchestration import demo as demo_firm

    firm = _firm(seed, staff, months, systems)
    with demo_firm.configured(firm):
        result = _execute()
        _report(result, as_json, next_steps=True)


@app.command()
def run(
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Business date of every verdict.")
    ] = None,
    systems: Systems = None,
    as_json: Json = False,
) -> None:
    """The same job on the configured systems, as the schedules run it.

    A system that cannot be read is a warning, as long as another can: the register is built without its news.
    """
    from orchestration import demo as demo_firm
    from orchestration.environment import environment
    from orchestration.ui import has_credentials

    given: dict[str, str | None] = {}
    if as_of is not None:
        given["LEAKAGE_AS_OF"] = as_of.date().isoformat()
    if systems is not None:
        given["LEAKAGE_SYSTEMS"] = systems
    with environment(given):
        settings()
        demo_firm.refuse_demo_data()
        if settings().systems and not has_credentials():
            raise ConfigurationError(
                "no credentials are configured; set SOURCES__<SYSTEM>__<FIELD> or .dlt/secrets.toml, "
                "or type `leakage demo`"
            )
        _report(_execute(), as_json, next_steps=False)


for command in (
    cli_register.findings,
    cli_register.explain,
    cli_register.decide,
    cli_register.publications,
    cli_register.rollback,
    cli_replay.replay,
    cli_operations.exceptions,
    cli_operations.snooze,
    cli_operations.trace,
):
    app.command()(command)


@app.command()
def assess(
    html: Annotated[
        Path | None, typer.Option(help="Where the HTML file goes; default assessment.html in the data directory.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The business case of what was built: where money is lost or delayed, why, what comes back, what was not checked."""
    from rich.console import Console

    from orchestration import assessment, register
    from orchestration.assessment.console import show

    with register.open_register() as connection:
        found = assessment.assess(connection)
    path = html or settings().data_dir / "assessment.html"
    assessment.write_html(found, path)
    if as_json:
        print_json({**found.as_dict(), "html": str(path)})
    else:
        show(Console(), found)
        typer.echo(f"written to {path}")


@app.command()
def ui(port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the web page.")] = 3000) -> None:
    """Dagster on this project; without credentials the demo firm is served beside it."""
    from orchestration.ui import serve_ui

    raise typer.Exit(serve_ui(port, lambda line: typer.echo(line, err=True)))


@app.command()
def gateway(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 = a free one.")] = 8787,
    host: Annotated[str, typer.Option(help="Address to listen on; TLS is the proxy's in front of it.")] = "127.0.0.1",
    data_dir: Annotated[
        Path | None, typer.Option(help="Where the inbox is, unless it is in PostgreSQL; default LEAKAGE_DATA_DIR.")
    ] = None,
) -> None:
    """Receive the events of vendors and middleware and answer who asks before booking, until interrupted.

    Events are kept durably and acknowledged. Questions, under /v1, are answered from the published register; who may ask
    has a key, see `leakage api-key`.
    """
    from ingestion.http.errors import SourceError
    from ingestion.sources.events.inbox import InboxError
    from ingestion.sources.events.server import serve as receive
    from orchestration.environment import environment
    from orchestration.validation.serving import validation_routes

    def say(line: str) -> None:
        typer.echo(line, err=True)

    with environment({"LEAKAGE_DATA_DIR": str(data_dir)} if data_dir else {}):
        try:
            receive(host, port, say, validation_routes(say))
        except (InboxError, SourceError) as error:
            raise ConfigurationError(str(error)) from None


@app.command()
def api_key(caller: Annotated[str, typer.Argument(help="The system that will ask, as in timesheets.")]) -> None:
    """Make a key for who asks the gateway, and show it this once; what is configured is only its hash."""
    from orchestration.validation.keys import SCOPES, Keys, hashed, new_key

    key = new_key()
    Keys({caller: [hashed(key)]}, {caller: SCOPES})
    typer.echo(key)
    typer.echo(
        "# it is shown only now: give it to the caller. In .dlt/secrets.toml, scopes as far as the caller needs them:\n"
        f'[validation.keys]\n{caller} = ["{hashed(key)}"]\n'
        f"[validation.scopes]\n{caller} = {list(SCOPES)}".replace("'", '"'),
        err=True,
    )


@app.command()
def new_system(
    name: Annotated[str, typer.Argument(help="Lower-case letters and digits, as in acmepsa.")],
    domain: Annotated[str, typer.Option(help="What it serves: crm, psa, erp ...; several separated by commas.")],
    title: Annotated[str | None, typer.Option(help="The product's name as people write it.")] = None,
    owner: Annotated[str, typer.Option(help="The team that answers for its data.")] = "data-engineering",
) -> None:
    """Lay out the skeleton of a new system in every layer; it builds before any field is mapped."""
    from orchestration.new_system import ROOT, lay_out

    for path in lay_out(name, domain.split(","), title or name.capitalize(), owner):
        typer.echo(path.relative_to(ROOT))
    typer.echo(f"{name} is in ingestion/registry.py; CONTRIBUTING.md says what to write next", err=True)


@sandbox_app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 = a free one.")] = 8900,
    seed: Seed = 7,
    staff: Staff = 60,
    months: Months = 6,
    systems: Systems = None,
) -> None:
    """Serve the vendors' stand-ins until interrupted; prints the URL and the variables that the sources read."""
    import threading

    from orchestration import demo as demo_firm

    firm = _firm(seed, staff, months, systems)
    with demo_firm.served(firm, port) as (url, credentials):
        typer.echo(f"# the stand-ins answer at {url}/<system>; these variables point the sources at them")
        for name, value in demo_firm.variables(firm, credentials).items():
            if name != "LEAKAGE_DATA_DIR":
                typer.echo(f"export {name}={_quoted(value or '')}")
        sys.stdout.flush()
        threading.Event().wait()


@scenarios_app.command()
def check(
    directory: Annotated[Path, typer.Argument(help="A directory of scenario files, or one file.")],
    systems: Systems = None,
    quick: Annotated[bool, typer.Option("--quick", help="Compare only: check no data, publish nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Run scenarios through the whole pipeline and compare: exit code 1 on any difference."""
    import tempfile

    from orchestration import scenario_check, screen
    from orchestration.environment import output_to

    chosen = parse_systems(systems) if systems is not None else settings().systems
    with (
        tempfile.TemporaryDirectory(prefix="leakage-check-") as folder,
        output_to(Path(folder) / "run.log") as terminal,
        screen.progress_on(terminal) as progress,
    ):

        def say(line: str) -> None:
            print(line, file=terminal, flush=True)

        results = scenario_check.check(directory, chosen, progress, say, quick=quick)
    if as_json:
        print_json(
            [{"scenario": r.scenario, "title": r.title, "ok": r.ok, "differences": r.differences} for r in results]
        )
    else:
        for result in results:
            typer.echo(f"{'ok  ' if result.ok else 'FAIL'} {result.scenario:<8} {result.title}")
            for difference in result.differences:
                typer.echo(f"     {result.scenario}: {difference}")
        typer.echo(f"{sum(r.ok for r in results)} of {len(results)} scenarios as expected")
    if not all(r.ok for r in results):
        raise typer.Exit(CHECK_FAILED)


@scenarios_app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from ingestion.sandbox.scenarios import json_schema

    print_json(json_schema())


@policies_app.command("check")
def check_policies(as_json: Json = False) -> None:
    """Whether a run can use the policies, shipped or the firm's own: exit code 1 and a sentence for everything it cannot."""
    from orchestration import policies

    problems = policies.check()
    if as_json:
        print_json([asdict(problem) for problem in problems])
    else:
        for problem in problems:
            typer.echo(problem)
        typer.echo(f"{len(problems)} problem(s) in the policies" if problems else "the policies can be used")
    if problems:
        raise typer.Exit(CHECK_FAILED)


def main() -> None:
    """Entry point: a user's mistake ends in one sentence and exit code 2, never in a traceback."""
    try:
        app()
    except ConfigurationError as error:
        typer.echo(f"leakage: {error}", err=True)
        sys.exit(MISUSED)
    except KeyboardInterrupt:
        sys.exit(130)


def _firm(seed: int, staff: int, months: int, systems: str | None) -> DemoFirm:
    from ingestion.config import DEFAULT_SYSTEMS
    from orchestration.demo import DemoFirm

    chosen = DEFAULT_SYSTEMS if systems is None else systems
    parse_systems(chosen)
    return DemoFirm(seed=seed, staff=staff, months=months, systems=chosen)


def _execute() -> RunResult:
    """Run the job with a progress display; what the tools print goes to the run's log."""
    from orchestration import screen
    from orchestration.environment import output_to

    with output_to(_log_path()) as terminal, screen.progress_on(terminal) as progress:
        from orchestration.run import execute

        return execute(progress)


def _log_path() -> Path:
    return settings().data_dir / "logs" / f"run-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log"


def _report(result: RunResult, as_json: bool, next_steps: bool) -> None:
    """Show what the run found, or why it failed (exit code 1). Late feeds are shown and are no failure."""
    from rich.console import Console

    from orchestration import register, screen

    for warning in result.warnings:
        typer.echo(f"warning: {warning}", err=True)
    for failure in result.failures:
        typer.echo(f"failed: {failure}", err=True)
    if not result.ok:
        typer.echo(f"leakage: the run failed; its log is in {settings().data_dir / 'logs'}", err=True)
        raise typer.Exit(CHECK_FAILED)
    with register.open_register() as connection:
        found = register.findings(connection)
        metrics = register.metrics(connection)
        blind = register.blind(connection)
        stale_feeds = register.stale_feeds(connection)
    conf = settings()
    as_of = found[0]["as_of_date"] if found else conf.as_of or datetime.now(UTC).date()
    if as_json:
        summary: dict[str, Any] = {
            "as_of": as_of,
            "systems": conf.systems,
            "findings": len(found),
            "leakage": register.leakage_by_currency(found),
            "blind": blind,
            "stale_feeds": stale_feeds,
            "failed_loads": result.failed_loads,
            "seconds": result.seconds,
            "data_dir": str(conf.data_dir),
        }
        print_json(register.plain(summary), indent=None)
        return
    console = Console()
    screen.show_register(console, found, as_of)
    screen.show_totals(console, found)
    screen.show_lines(console, "Metrics", metrics)
    files = [
        ("register", str(register.register_path())),
        ("warehouse", str(conf.warehouse_path)),
        ("log", str(conf.data_dir / "logs")),
    ]
    screen.show_lines(console, f"Done in {result.seconds:.0f} s", files)
    if next_steps and found:
        screen.show_lines(
            console,
            "Next",
            [
                (f"leakage explain {str(found[0]['finding_id'])[:8]}", "the records that prove the first finding"),
                ("leakage findings", "the whole register; --json for a script"),
                ("leakage ui", "the same run as an asset graph in Dagster"),
            ],
        )


def _quoted(value: str) -> str:
    import shlex

    return shlex.quote(value)


if __name__ == "__main__":
    main()
