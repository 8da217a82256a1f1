"""Mistakes planted in a copy of the policies, and what must be said of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingestion.registry import SYSTEMS
from orchestration import policies
from orchestration.policies.problem import either

# A seed, a change of its text, and the sentences about it; {line[text]} is the line that begins with the text.
Case = tuple[str, Callable[[str], str], list[str]]


class Lines:
    """``lines["text"]`` is the number of the first line that begins with it."""

    def __init__(self, path: Path) -> None:
        self.lines = path.read_text("utf-8").splitlines()

    def __getitem__(self, beginning: str) -> int:
        return next(n for n, line in enumerate(self.lines, 1) if line.startswith(beginning))


def said(folder: Path) -> list[str]:
    return [str(problem) for problem in policies.check(folder)]


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert text.count(old) == 1, (old, text.count(old))
        return text.replace(old, new)

    return change


def added(*rows: str) -> Callable[[str], str]:
    return lambda text: text + "".join(f"{row}\n" for row in rows)


def shows(seeds: Path, case: Case) -> tuple[list[str], list[str]]:
    """Plant the case in ``seeds``: what is said, and what must be said.

    A sentence without a file is about the seed of the case; one that begins with a number is about that line.
    """
    seed, change, expected = case
    path = seeds / f"{seed}.csv"
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    lines = Lines(path)
    known = {
        "line": lines,
        "last": len(lines.lines),
        "recoverability": Lines(seeds / "recoverability.csv"),
        "detector_inputs": Lines(seeds / "detector_inputs.csv"),
        "systems": either(list(SYSTEMS)),
    }

    def whole(text: str) -> str:
        if ".csv" in text.partition(":")[0]:
            return text
        return f"{seed}.csv line {text}" if text.startswith(("{", "1")) else f"{seed}.csv: {text}"

    return said(seeds), [whole(text).format(**known) for text in expected]
