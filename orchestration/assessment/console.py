"""The assessment on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.assessment import Assessment
from orchestration.register import Row

ROWS = 8


def show(console: Console, assessment: Assessment) -> None:
    """The case, where and why money is lost, what delay costs, what was not checked, and the largest findings."""
    console.print(f"[bold]Revenue leakage assessment as of {assessment.as_of}[/bold]")
    _table(
        console,
        "The case",
        assessment.totals,
        ["currency", "entitled", "lost", "lost_pct", "recoverable", "confirmed", "overbilled"],
    )
    for name, found in assessment.by.items():
        columns = ["label", "findings", "lost", "delayed", "recoverable", "currency"]
        _table(console, f"By {name}", found, columns)
    _table(console, "Root causes", assessment.causes, ["cause", "findings", "lost", "currency"])
    _table(console, "Late invoices", assessment.faster, ["currency", "late", "average_days", "carry_cost"])
    _table(console, "Not checked", assessment.unchecked, ["what", "items", "amount", "currency"])
    console.print("[bold]Largest findings[/bold]")
    for row in assessment.largest:
        facts = f"{row['finding_id'][:8]}  {row['category']:<24} {row['amount']:>14,.2f} {row['currency']}"
        console.print(f"{facts}  {row['customer_name']}", highlight=False, markup=False, soft_wrap=True)
        console.print(
            f"          {row['owner']}: {row['action']}", style="dim", highlight=False, markup=False, soft_wrap=True
        )


def _table(console: Console, title: str, found: Sequence[Row], columns: list[str]) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    numbers = {c for c in columns for row in found if not isinstance(row[c], str | None)}
    for name in columns:
        table.add_column(name.replace("_", " "), justify="right" if name in numbers else "left")
    for row in found[:ROWS]:
        table.add_row(*(_text(row[name]) for name in columns))
    console.print(table)
    if len(found) > ROWS:
        console.print(f"... and {len(found) - ROWS} more", highlight=False)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return escape(value.replace("_", " "))
    return f"{value:,}"
