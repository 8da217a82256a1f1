"""What ``_seeds.yml`` says of each seed: its columns, what their values may be, and what holds between its rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

from orchestration.policies.project import SEEDS


@dataclass(frozen=True)
class Column:
    """``kind`` is text, whole, decimal, boolean or date; ``digits`` are a decimal's before and after the point."""

    name: str
    kind: str
    digits: tuple[int, int] = (0, 0)
    required: bool = False
    choices: tuple[str, ...] = ()
    least: Decimal | None = None
    most: Decimal | None = None
    form: str | None = None


@dataclass(frozen=True)
class Seed:
    """One seed file; ``unique``, ``one_at_a_time`` and ``bands`` name columns, see the head of ``_seeds.yml``."""

    name: str
    columns: Mapping[str, Column]
    unique: tuple[tuple[str, ...], ...] = ()
    one_at_a_time: tuple[str, ...] | None = None
    bands: tuple[str, ...] | None = None

    @property
    def file(self) -> str:
        return f"{self.name}.csv"


def declared_seeds() -> dict[str, Seed]:
    """The seeds by name, as the project declares them."""
    with (SEEDS / "_seeds.yml").open(encoding="utf-8") as file:
        # The loader in C takes a tenth of the time.
        declared = yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {seed["name"]: _seed(seed) for seed in declared["seeds"]}


def _seed(declared: Mapping[str, Any]) -> Seed:
    meta = _meta(declared)
    types = declared["config"]["column_types"]
    columns = {column["name"]: _column(column, types[column["name"]]) for column in declared["columns"]}
    alone = [(column["name"],) for column in declared["columns"] if _meta(column).get("unique")]
    return Seed(
        name=declared["name"],
        columns=columns,
        unique=(*alone, *(tuple(key) for key in meta.get("unique", ()))),
        one_at_a_time=tuple(meta["one_at_a_time"]) if "one_at_a_time" in meta else None,
        bands=tuple(meta["bands"]) if "bands" in meta else None,
    )


def _column(declared: Mapping[str, Any], data_type: str) -> Column:
    meta = _meta(declared)
    least, most = (*meta.get("range", ()), None, None)[:2]
    kind = {"varchar": "text", "integer": "whole"}.get(data_type, data_type)
    digits = (0, 0)
    if decimal := re.fullmatch(r"decimal\((\d+),(\d+)\)", data_type):
        kind, digits = "decimal", (int(decimal[1]) - int(decimal[2]), int(decimal[2]))
    return Column(
        name=declared["name"],
        kind=kind,
        digits=digits,
        required=meta.get("required", False),
        choices=tuple(meta.get("choices", ())),
        least=None if least is None else Decimal(least),
        most=None if most is None else Decimal(most),
        form=meta.get("form"),
    )


def _meta(declared: Mapping[str, Any]) -> dict[str, Any]:
    """What is declared of a seed or a column for these checks."""
    meta: dict[str, Any] = declared.get("config", {}).get("meta", {})
    return meta
