"""What is declared about the values of one raw object, beyond its columns and types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module

Bound = int | Decimal | None


@dataclass(frozen=True)
class ObjectRules:
    """Rules of one raw object; all column names are raw columns.

    ``ranges`` are inclusive bounds (None: open); a value outside of them is impossible and stops what is built on it.
    ``usual`` are inclusive bounds too; a value outside of them is only shown: a week of work in one entry is odd and yet
    somebody's billable time, and one such entry must not keep the register of a whole firm back.
    ``currencies`` are columns of ISO 4217 codes. ``required`` are columns that a living record cannot be without.
    ``may_be_empty`` says that a firm may have none of these records; every other object must have rows.
    """

    ranges: Mapping[str, tuple[Bound, Bound]] = field(default_factory=dict)
    usual: Mapping[str, tuple[Bound, Bound]] = field(default_factory=dict)
    currencies: Sequence[str] = ()
    required: Sequence[str] = ()
    may_be_empty: bool = False


def rules_for(system: str) -> Mapping[str, ObjectRules]:
    """The rules of ``system`` by raw object; an object without an entry has no rules of its own."""
    found: Mapping[str, ObjectRules] = import_module(f"expectations.declarations.{system}").RULES
    return found
