"""What a suite found: outcomes, the sentences that people read, and the evidence file."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Evidence of this many runs is kept; older runs are told by what they loaded.
KEPT_RUNS = 50


@dataclass(frozen=True)
class Outcome:
    """One expectation: whether it held, how bad it is if not (``critical`` or ``warning``), and a sentence."""

    expectation: str
    success: bool
    severity: str
    sentence: str


@dataclass(frozen=True)
class Report:
    """All outcomes of one suite and the validation result as Great Expectations reports it."""

    suite: str
    outcomes: tuple[Outcome, ...]
    evidence: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        return all(o.success for o in self.outcomes)

    @property
    def is_critical(self) -> bool:
        """Whether something failed that must stop what depends on the data."""
        return any(not o.success and o.severity != "warning" for o in self.outcomes)

    @property
    def failures(self) -> list[str]:
        return [o.sentence for o in self.outcomes if not o.success]


def keep_evidence(data_dir: Path, run_id: str, reports: Iterable[Report]) -> Path:
    """Write the validation results of a run to ``<data_dir>/validation/<run_id>/<suite>.json``; returns the folder."""
    root = data_dir / "validation"
    folder = root / run_id
    folder.mkdir(parents=True, exist_ok=True)
    for report in reports:
        outcomes = [o.__dict__ for o in report.outcomes]
        content = {"suite": report.suite, "passed": report.passed, "outcomes": outcomes, "result": report.evidence}
        (folder / f"{report.suite}.json").write_text(json.dumps(content, indent=1, default=str))
    os.utime(folder)
    for old in sorted(root.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)[KEPT_RUNS:]:
        shutil.rmtree(old, ignore_errors=True)
    return folder
