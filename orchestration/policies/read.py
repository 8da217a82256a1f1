"""Seed files as text: their lines, cells, and what is wrong with a file or a cell by itself."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from expectations.currencies import CURRENCIES
from ingestion.config import DOMAINS
from ingestion.registry import SYSTEMS
from orchestration.policies.countries import COUNTRIES
from orchestration.policies.declared import Column, Seed
from orchestration.policies.problem import Problem, either

# What is wrong with a cell, and what to do.
Complaint = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One row of a seed: its cells as text and as values of their column's kind (None = empty); ``bad`` are unsound ones."""

    file: str
    line: int
    text: Mapping[str, str]
    values: Mapping[str, Any]
    bad: frozenset[str]

    def knows(self, *columns: str) -> bool:
        """Whether these cells are sound, so that more can be said about them."""
        return self.bad.isdisjoint(columns)

    def problem(self, reason: str, remedy: str) -> Problem:
        return Problem(self.file, self.line, reason, remedy)


def read_seeds(folders: Sequence[Path], seeds: Mapping[str, Seed]) -> tuple[dict[str, list[Row]], list[Problem]]:
    """The rows of the seeds, each in the first of ``folders`` that has its file, and what is wrong with files and cells.

    A seed of which some rows cannot be told apart is left out: what seems to be absent may be in them.
    """
    rows: dict[str, list[Row]] = {}
    problems = []
    for path in sorted(path for folder in folders for path in folder.glob("*.csv")):
        if path.stem not in seeds:
            near = difflib.get_close_matches(path.stem, seeds, 1)
            remedy = f"remove it or call it {near[0]}.csv" if near else "remove it"
            problems.append(Problem(path.name, None, "no seed of this name is known", remedy))
    for seed in seeds.values():
        try:
            paths = [folder / seed.file for folder in folders]
            text = next((path for path in paths if path.exists()), paths[-1]).read_text("utf-8-sig")
        except FileNotFoundError:
            reason = "the file is missing"
            problems.append(Problem(seed.file, None, reason, "put it back; without rows it is its header alone"))
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            problems.append(Problem(seed.file, line, "the text is not UTF-8", "save the file as CSV UTF-8"))
        else:
            found, wrong = _read(seed, text)
            problems += wrong
            if found is not None:
                rows[seed.name] = found
    return rows, problems


def _read(seed: Seed, text: str) -> tuple[list[Row] | None, list[Problem]]:
    (_, header), *records = _records(text)
    if problems := list(_header_problems(seed, header or [])):
        return None, problems
    rows = []
    is_whole = True
    for line, cells in records:
        if cells is None:
            is_whole = False
            remedy = 'close them, and write " inside a quoted value as ""'
            problems.append(Problem(seed.file, line, "quotes that do not pair", remedy))
        elif len(cells) != len(seed.columns):
            is_whole = False
            reason = f"{len(cells)} value(s) for {len(seed.columns)} columns"
            remedy = "put quotes around a value that holds a comma, and keep the commas of empty ones"
            problems.append(Problem(seed.file, line, reason, remedy))
        else:
            row, wrong = _row(seed, line, dict(zip(header or [], cells, strict=True)))
            rows.append(row)
            problems += wrong
    return rows if is_whole else None, problems


def _records(text: str) -> list[tuple[int, list[str] | None]]:
    """The records with the line on which each begins, the header first; empty lines are passed over.

    Where quotes do not pair, nobody can say what follows: that record is None and the last one.
    """
    reader = csv.reader(io.StringIO(text), strict=True)
    found: list[tuple[int, list[str] | None]] = []
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            return [*found, (begins, None)]
        if cells is None:
            return found or [(1, [])]
        if cells or begins == 1:
            found.append((begins, cells))


def _header_problems(seed: Seed, header: list[str]) -> Iterator[Problem]:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        yield Problem(seed.file, 1, "the columns are not separated by commas", "save the file with commas")
        return
    wanted = ", ".join(seed.columns)
    for name in seed.columns:
        if name not in header:
            yield Problem(seed.file, 1, f"the column {name} is missing", f"the columns are {wanted}")
    for name in dict.fromkeys(header):
        if name not in seed.columns:
            yield Problem(seed.file, 1, f"the column {name!r} is unknown", f"the columns are {wanted}")
        elif header.count(name) > 1:
            yield Problem(seed.file, 1, f"the column {name} is there twice", "keep one of them")


def _row(seed: Seed, line: int, text: dict[str, str]) -> tuple[Row, list[Problem]]:
    values: dict[str, Any] = {}
    problems = []
    bad = set()
    for name, cell in text.items():
        column = seed.columns[name]
        values[name], complaint = _value(column, cell)
        if complaint is None and values[name] is not None:
            complaint = _limits(column, cell, values[name]) or _form(column, cell)
        if complaint is not None:
            bad.add(name)
            problems.append(Problem(seed.file, line, *complaint))
    return Row(seed.file, line, text, values, frozenset(bad)), problems


def _value(column: Column, cell: str) -> tuple[Any, Complaint | None]:
    """The cell as a value of its column's kind, or what is wrong with it."""
    if cell == "":
        return None, (f"{column.name} is empty", "give a value") if column.required else None
    if cell != cell.strip():
        return None, (f"{column.name} {cell!r} has spaces around it", "remove them")
    return _KINDS[column.kind](column, cell)


def _decimal(column: Column, cell: str) -> tuple[Any, Complaint | None]:
    if not re.fullmatch(r"-?\d+(\.\d+)?", cell, re.ASCII):
        return None, (f"{column.name} {cell!r} is not a number", "write it in digits with a point, as 1234.56")
    whole, _, part = cell.lstrip("-").partition(".")
    before, after = column.digits
    if len(whole.lstrip("0")) > before or len(part.rstrip("0")) > after:
        return None, (
            f"{column.name} {cell} has too many digits",
            f"there is room for {before} before and {after} after the point",
        )
    return Decimal(cell), None


def _whole(column: Column, cell: str) -> tuple[Any, Complaint | None]:
    if not re.fullmatch(r"-?\d{1,9}", cell, re.ASCII):
        return None, (f"{column.name} {cell!r} is not a whole number", "write it in up to nine digits, as 30")
    return int(cell), None


def _boolean(column: Column, cell: str) -> tuple[Any, Complaint | None]:
    if cell not in ("true", "false"):
        return None, (f"{column.name} {cell!r} is neither true nor false", "write true or false")
    return cell == "true", None


def _date(column: Column, cell: str) -> tuple[Any, Complaint | None]:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell, re.ASCII):
        return None, (f"{column.name} {cell!r} is not a date", "write it as 2026-04-30")
    try:
        return date.fromisoformat(cell), None
    except ValueError:
        return None, (f"{column.name} {cell} is not a day of the calendar", "write it as 2026-04-30")


_KINDS: dict[str, Callable[[Column, str], tuple[Any, Complaint | None]]] = {
    "text": lambda _, cell: (cell, None),
    "decimal": _decimal,
    "whole": _whole,
    "boolean": _boolean,
    "date": _date,
}


def _limits(column: Column, cell: str, value: Any) -> Complaint | None:
    if column.choices and cell not in column.choices:
        return f"{column.name} {cell!r} is unknown", f"write {either(column.choices)}"
    if isinstance(value, int | Decimal):
        return out_of_range(column.name, Decimal(value), column.least, column.most)
    return None


def out_of_range(what: str, value: Decimal, least: Decimal | None, most: Decimal | None) -> Complaint | None:
    """What is wrong with a number outside ``least`` to ``most`` (None = no limit)."""
    remedy = f"give {least} or more" if most is None else f"give a value from {least} to {most}"
    if least is not None and value < least:
        return f"{what} {value} is less than {least}", remedy
    if most is not None and value > most:
        return f"{what} {value} is more than {most}", remedy
    return None


def _form(column: Column, cell: str) -> Complaint | None:
    """What is wrong with a code of a list that the world or this product keeps."""
    if column.form == "lower_case" and cell != cell.lower():
        return f"{column.name} {cell!r} is not in lower case, so it never matches", f"write {cell.lower()}"
    if column.form == "currency" and cell not in CURRENCIES:
        return f"{column.name} {cell!r} is no ISO 4217 code", "write a currency as EUR"
    if column.form == "country" and cell not in COUNTRIES:
        return f"{column.name} {cell!r} is no ISO 3166 code", "write a country in two letters, as GB"
    if column.form == "system" and cell not in SYSTEMS:
        return f"{column.name} {cell!r} is unknown", f"write {either(list(SYSTEMS))}"
    if column.form == "domain" and cell not in DOMAINS:
        return f"{column.name} {cell!r} is unknown", f"write {either(DOMAINS)}"
    return None
