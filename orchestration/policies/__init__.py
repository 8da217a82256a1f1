"""The policies, checked before anything is built: what is wrong in which row of which seed, and what to do about it.

``check`` lists everything; ``require_valid`` is what a run calls. Both read the seeds as text and nothing else of dbt, in
well under a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingestion.config import ConfigurationError, settings
from orchestration.policies.problem import Problem
from orchestration.policies.project import SEEDS

__all__ = ["SEEDS", "PolicyError", "Problem", "check", "folders", "require_valid"]


class PolicyError(ConfigurationError):
    """Policies cannot be used, so nothing was built; one line per problem, all of them in ``problems``."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def check(folder: Path | None = None) -> list[Problem]:
    """Every problem of the seed files in ``folder``, by file and line; empty when all is well.

    Without a folder these are the files that a run uses: the firm's own ones, and the shipped ones of the other names.
    """
    from orchestration.policies.between import between_rows
    from orchestration.policies.declared import declared_seeds
    from orchestration.policies.read import read_seeds
    from orchestration.policies.rules import by_meaning

    seeds = declared_seeds()
    rows, problems = read_seeds([folder] if folder else folders(), seeds)
    for name, found in rows.items():
        problems += between_rows(seeds[name], found)
    problems += by_meaning(rows)
    return sorted(set(problems), key=lambda problem: (problem.file, problem.line or 0, problem.reason))


def folders() -> list[Path]:
    """Where the policies of a run are: the firm's own ones first, then the shipped ones."""
    return [own for own in (settings().policies_dir, SEEDS) if own]


def require_valid(folder: Path | None = None) -> None:
    """Raise PolicyError when ``check`` finds anything."""
    if problems := check(folder):
        raise PolicyError(problems)
