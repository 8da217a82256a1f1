"""What the dbt project asks of the policies, read from its own files, so that no second list can differ from it."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2] / "dbt_project"
SEEDS = PROJECT / "seeds"
# The ledger knows no earlier day (model ledger__calendar_days).
CALENDAR_BEGINS = date(2018, 1, 1)
# The models that name the rules by which they match a kind of record; what people confirmed is a rule of each.
_MATCHING = {
    "customer": ("customer_match",),
    "resource": ("resource_match", "resource_xref"),
    "project": ("project_match",),
}


def literal(file: str, macro: str) -> Any:
    """The plain literal that a macro returns, which dbt and Python both read; raises ValueError when it is none."""
    text = (PROJECT / "macros" / file).read_text("utf-8")
    found = re.search(rf"macro {macro}\(\) %\}}\s*\{{\{{ return\((\{{.*?\}})\) \}}\}}", text, re.S)
    if found is None:
        raise ValueError(f"macros/{file}: {macro}() is no plain literal any more")
    return ast.literal_eval(found[1])


def policy_definitions() -> dict[str, dict[str, str]]:
    """Narrowest scope that is read -> policy -> unit of its value."""
    definitions: dict[str, dict[str, str]] = literal("policies.sql", "policy_definitions")
    return definitions


def exception_kinds() -> set[str]:
    """The kinds of exceptions that are no findings, as the queue's model names them."""
    queue = PROJECT / "models" / "marts" / "operations" / "operations__exceptions.sql"
    named = set(re.findall(r"exception_columns\(\"'(\w+)'\"", queue.read_text("utf-8")))
    return named | {f"unmatched_{kind}" for kind in ("customer", "project", "person")}


def detectors() -> dict[str, str]:
    """Category -> detector of every detector that is built, as ``invoice_stuck`` -> ``L24``."""
    models = (PROJECT / "models" / "marts" / "leakage").glob("leakage__[lr][0-9][0-9]_*.sql")
    named = (model.stem.removeprefix("leakage__").partition("_") for model in models)
    return {category: detector.upper() for detector, _, category in named}


def claim_models() -> set[str]:
    """The categories whose claims on an item's open amount are built."""
    return {
        model.stem.removeprefix("claim_") for model in (PROJECT / "models" / "ledger" / "claims").glob("claim_*.sql")
    }


def identity_rules() -> dict[str, set[str]]:
    """Kind of record (customer, resource, project) -> the rules that its models know."""
    canonical = PROJECT / "models" / "canonical"
    return {
        kind: {"confirmed"}.union(
            *(re.findall(r"'(\w+)' as rule\b", (canonical / f"{name}.sql").read_text("utf-8")) for name in models)
        )
        for kind, models in _MATCHING.items()
    }
