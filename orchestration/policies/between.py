"""What must hold between the rows of one seed, as the seed declares it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from orchestration.policies.declared import Seed
from orchestration.policies.problem import Problem
from orchestration.policies.read import Row

# The last band of a seed is open by this number of days.
OPEN_END = 999999


def between_rows(seed: Seed, rows: Sequence[Row]) -> list[Problem]:
    """Rows that are there twice, hold at the same time, or leave days out, as the seed declares it."""
    problems: list[Problem] = []
    for key in seed.unique:
        problems += _repeated(rows, key)
    if seed.one_at_a_time is not None:
        for same in groups(rows, seed.one_at_a_time, "valid_from", "valid_to"):
            problems += _overlaps(same, seed.one_at_a_time)
    if seed.bands is not None:
        for same in groups(rows, seed.bands, "days_from", "days_to"):
            problems += _uncovered_days(same, seed.bands)
    return problems


def groups(rows: Iterable[Row], key: Sequence[str], begins: str, ends: str) -> list[list[Row]]:
    """Rows of equal key in the order in which they begin; without those of which too little is known."""
    found: defaultdict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row.knows(*key, begins, ends):
            found[tuple(row.values[name] for name in key)].append(row)
    return [sorted(group, key=lambda row: (row.values[begins], row.line)) for group in found.values()]


def _named(row: Row, key: Sequence[str]) -> str:
    return ", ".join(row.text[name] for name in key if row.text[name]) or "everything"


def _repeated(rows: Iterable[Row], key: Sequence[str]) -> Iterator[Problem]:
    first: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        if row.knows(*key) and any(row.text[name] for name in key):
            other = first.setdefault(tuple(row.values[name] for name in key), row)
            if other is not row:
                yield row.problem(
                    f"{' and '.join(key)} {_named(row, key)} is in line {other.line} already", "keep one of them"
                )


def _overlaps(rows: Sequence[Row], key: Sequence[str]) -> Iterator[Problem]:
    """Rows of one thing that hold on the same day; valid_to is the first day on which a row no longer holds."""
    longest: Row | None = None
    for row in rows:
        begins, ends = period(row)
        if ends <= begins:
            yield row.problem(
                f"valid_to {row.text['valid_to']} is not after valid_from {begins}",
                "give the first day on which it no longer holds, or leave it empty",
            )
            continue
        if longest is not None and period(longest)[1] > begins:
            yield row.problem(
                f"it holds at the same time as line {longest.line} for {_named(row, key)}",
                "let one of them end (valid_to) on the day on which the other begins, or remove it",
            )
        if longest is None or ends > period(longest)[1]:
            longest = row


def period(row: Row) -> tuple[date, date]:
    """The first day on which a row holds and the first on which it no longer does."""
    return row.values["valid_from"], row.values["valid_to"] or date.max


def _uncovered_days(rows: Sequence[Row], key: Sequence[str]) -> Iterator[Problem]:
    """Numbers of days that no row, or more than one, speaks of."""
    expected, of = 0, f" of {_named(rows[0], key)}" if key else ""
    for row in rows:
        begins, ends = row.values["days_from"], row.values["days_to"]
        if ends < begins:
            yield row.problem(f"days_to {ends} is less than days_from {begins}", "give the last day of the row")
            continue
        if begins > expected:
            yield row.problem(
                f"no row speaks of the days {expected} to {begins - 1}{of}",
                f"begin this one at {expected} or add a row",
            )
        elif begins < expected:
            yield row.problem(f"days from {begins} on{of} are in a row before", f"begin this one at {expected}")
        expected = max(expected, ends + 1)
    if expected <= OPEN_END:
        yield rows[-1].problem(
            f"no row speaks of the days from {expected} on{of}", f"let the last one end at {OPEN_END}"
        )
