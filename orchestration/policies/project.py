"""What the dbt project asks of the policies, read from its own files, so that no second list can differ from it."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

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


def policy_definitions() -> dict[str, dict[str, str]]:
    """Narrowest scope that is read -> policy -> unit of its value: the literals of the macro policy_definitions."""
    text = (PROJECT / "macros" / "policies.sql").read_text("utf-8")
    literal = re.search(r"macro policy_definitions\(\) %\}\s*\{\{ return\((\{.*?\})\) \}\}", text, re.S)
    if literal is None:
        raise ValueError("macros/policies.sql: policy_definitions() is no plain literal any more")
    found: dict[str, dict[str, str]] = ast.literal_eval(literal[1])
    return found


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
