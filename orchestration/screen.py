"""What the command line shows: progress of a run, the register, totals, an evidence chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table

from orchestration.register import Row, leakage_by_currency, money

if TYPE_CHECKING:
    from orchestration.run import Step

STAGES = {
    "raw": "reading the systems",
    "policies": "policies",
    "staging": "staging",
    "mapping": "mapping to the canonical model",
    "canonical": "canonical model",
    "ledger": "ledger",
    "marts": "findings and metrics",
    "published": "publishing",
}
TOP = 15


@contextmanager
def progress_on(stream: TextIO) -> Iterator[Callable[[Step], None]]:
    """A progress bar on a terminal, one line per stage elsewhere; yields what to call after each step."""
    console = Console(file=stream)
    if not console.is_terminal:
        shown: set[str] = set()

        def plain(step: Step) -> None:
            if step.stage not in shown:
                shown.add(step.stage)
                console.print(f"{STAGES.get(step.stage, step.stage)} ...", highlight=False)

        yield plain
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def advance(step: Step) -> None:
            bar.update(task, description=STAGES.get(step.stage, step.stage), completed=step.done, total=step.total)

        yield advance


def show_register(console: Console, found: Sequence[Row], as_of: object, limit: int | None = TOP) -> None:
    """The findings, the largest first: a line of facts and a line that says what to do."""
    shown = list(found)[:limit]
    console.print(f"[bold]Register of findings as of {as_of}[/bold]")
    for row in shown:
        value = f"{_money(row['amount'])} {row['currency'] or ''}"
        facts = f"{str(row['finding_id'])[:8]}  {row['category']:<22} {row['verdict']:<14} {value:>18}"
        decided = f" [{row['status']}]" if row.get("status") in ("accepted", "rejected") else ""
        console.print(
            f"{facts}  {row.get('customer_name') or ''}{decided}", highlight=False, markup=False, soft_wrap=True
        )
        todo = f"          {row['owner'] or '-'}: {row['action'] or ''}"
        console.print(todo, style="dim", highlight=False, markup=False, soft_wrap=True)
    if len(shown) < len(found):
        console.print(f"... and {len(found) - len(shown)} more", highlight=False)


def show_exceptions(console: Console, found: Sequence[Row]) -> None:
    """The queue by owner: what is the matter, what to do, since when."""
    from orchestration.exceptions import TEAMS

    for owner in dict.fromkeys(row["owner"] for row in found):
        console.print(f"[bold]{TEAMS[owner]}[/bold]")
        for row in (row for row in found if row["owner"] == owner):
            level = f", level {row['escalation_level']}" if row["escalation_level"] else ""
            put_off = f", snoozed until {row['snoozed_until_date']}" if row["status"] == "snoozed" else ""
            line = f"  {str(row['exception_id'])[:8]}  {row['severity']:<6}  {row['sentence']}"
            console.print(line, highlight=False, markup=False, soft_wrap=True)
            todo = f"                    {row['action']} (since {row['first_seen_date']}{level}{put_off})"
            console.print(todo, style="dim", highlight=False, markup=False, soft_wrap=True)
    if not found:
        console.print("nothing has to be acted on")


def show_trace(console: Console, steps: Sequence[Row]) -> None:
    """The steps of each subject: when, in which system, by which record, and how late or absent they are."""
    for subject in dict.fromkeys(step["subject_id"] for step in steps):
        own = [step for step in steps if step["subject_id"] == subject]
        kind = own[0]["subject_type"].replace("_", " ")
        title = f"{kind} {own[0]['subject_name']} ({subject}) of {own[0]['customer_name']}"
        console.print(title, style="bold", highlight=False, markup=False, soft_wrap=True)
        table = Table(box=None, pad_edge=False)
        for name in ("", "domain", "date", "status", "since before", "system", "record id", "amount"):
            table.add_column(name, justify="right" if name in ("since before", "amount") else "left", overflow="fold")
        for step in own:
            late = f" by {step['days_late']} d" if step["days_late"] else ""
            table.add_row(
                step["step"].replace("_", " "),
                step["domain"],
                str(step["happened_date"] or "-"),
                step["status"].replace("_", " ") + late,
                "" if step["days_since_previous"] is None else f"{step['days_since_previous']} d",
                step["source_system"] or "-",
                step["source_id"] or "absent",
                "" if step["amount"] is None else f"{_money(step['amount'])} {step['currency']}",
            )
        console.print(table)


def show_totals(console: Console, found: Sequence[Row]) -> None:
    """Findings and money per category and currency, then leakage per currency; currencies are never added up.

    ``amount`` counts as leakage (or as refund exposure for overbilling), ``exposed`` is the money that a delay or a
    compliance finding is about.
    """
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in found:
        groups.setdefault((row["category"], row["verdict"], row["currency"] or ""), []).append(row)
    table = Table(title="By category", title_justify="left", box=None, pad_edge=False)
    for name in ("category", "verdict", "findings", "amount", "exposed", ""):
        table.add_column(name, justify="right" if name in ("findings", "amount", "exposed") else "left", no_wrap=True)
    for (category, verdict, currency), members in sorted(
        groups.items(), key=lambda g: (-(_sum(g[1], "amount") or 0), g[0])
    ):
        exposed = _sum(members, "exposed_amount")
        amounts = _money(_sum(members, "amount")), "" if exposed is None else _money(exposed)
        table.add_row(category, verdict, str(len(members)), *amounts, currency)
    console.print(table)
    totals = leakage_by_currency(list(found))
    leakage = ", ".join(f"{_money(v)} {k}" for k, v in totals.items()) or "none"
    console.print(f"[bold]Leakage (at risk + confirmed loss): {leakage}[/bold]", soft_wrap=True)


def show_chain(console: Console, finding: Row) -> None:
    """One finding and the records that prove it."""
    value = f"{_money(finding['amount'])} {finding['currency'] or ''}"
    console.print(f"[bold]{finding['category']}[/bold] ({finding['verdict']}) {value}")
    console.print(f"{finding['owner']}: {finding['action']}")
    if finding["causes"]:
        console.print(f"causes: {', '.join(finding['causes'])}")
    console.print(_records(finding["chain"]))
    console.print(f"id {finding['finding_id']}", highlight=False)


def show_item(console: Console, item: Row) -> None:
    """What the ledger decided about one item, why, and the records behind it."""
    name = f"{item['item_type']}:{item['source_system']}:{item['source_id']}"
    console.print(f"[bold]{name}[/bold] {item['verdict']}: {item['answer']}", highlight=False, soft_wrap=True)
    said = {
        "category": item["category"],
        "reason": item["reason"],
        "gate": item["gate"],
        "causes": ", ".join(item["causes"]),
    }
    amounts = {
        "value": "entitled_amount",
        "billed": "billed_amount",
        "conceded": "concession_amount",
        "billed too much": "overbilled_amount",
        "open": "open_amount",
    }
    said |= {label: f"{_money(item[column])} {item['currency'] or ''}" for label, column in amounts.items()}
    if item["expected_invoice_date"] is not None:
        said["invoice expected"] = f"{item['expected_invoice_date']} ({item['days_past']} days past)"
    for label, text in said.items():
        if text:
            console.print(f"  {label:<17} {text}", highlight=False, markup=False, soft_wrap=True)
    for claim in item["claims"]:
        money_claimed = f"{_money(claim['amount'])} {claim['currency'] or ''}"
        why = f" ({claim['reason']})" if claim["reason"] else ""
        console.print(
            f"  {'claim':<17} {money_claimed} {claim['category']}, {claim['verdict']}{why}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    for found in item["findings"]:
        console.print(f"  {'finding':<17} {found['finding_id']} {found['category']}", highlight=False, soft_wrap=True)
    console.print(_records(item["chain"]))


def _records(chain: Sequence[Row]) -> Table:
    """The steps of an evidence chain as a table."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "system", "record id", "what it says"):
        table.add_column(name, overflow="fold")
    for step in chain:
        table.add_row(step["step"], step["system"] or "-", step["record_id"] or "absent", step["detail"])
    return table


def show_lines(console: Console, title: str, lines: Sequence[tuple[str, str]]) -> None:
    """Labelled lines under a title."""
    console.print(f"[bold]{title}[/bold]")
    for label, text in lines:
        console.print(f"  {label:<25} {text}", highlight=False, soft_wrap=True)


def _sum(found: Sequence[Row], name: str) -> Decimal | None:
    """The sum of the known values; None when no row has one."""
    known = [row[name] for row in found if row.get(name) is not None]
    return sum(known, Decimal(0)) if known else None


def _money(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value:,.2f}" if value == round(value, 2) else money(value)
