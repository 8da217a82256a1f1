"""How much of what was planted the detectors find, and how much of what they find was planted.

    uv run python -m tests.benchmarks.detection --seeds 5 [--json] [--staff 20] [--months 5] [--systems ...] [--shuffled]

Each seed is a firm of its own, served over HTTP by the default or the given systems, loaded, built, and compared with
its answer key, which knows neither the systems nor, with ``--shuffled``, the order in which their records come. A finding
is right when the key has one of the same detector about the same record with the same verdict; in money it is right as
far as both amounts agree (the money concerned, where a finding claims none itself), in USD at the rates of the firm's
last day. Time that was never logged (L03) can only be estimated and stands apart, with the relative error of its amounts.
Exits with 1 when a detector that judges exactly is not exact, or when entitled value of a contract line lies nowhere.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from ingestion.config import DEFAULT_SYSTEMS, parse_systems
from ingestion.sandbox.firm import AnswerKey, Firm, policies
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.world import World
from orchestration.environment import environment, output_to
from orchestration.run import build_quickly
from orchestration.scenario_check import fact_index, read_observed
from orchestration.scenario_policies import write_policies

ENDS_ON = date(2026, 4, 29)
ZERO = Decimal(0)
LOSING = ("at_risk", "confirmed_loss", "overbilling")


@dataclass(frozen=True)
class Finding:
    """One finding or planted leak: its verdict, and the money that it claims or concerns, in USD."""

    detector: str
    item: str
    verdict: str
    money: Decimal


@dataclass
class Score:
    """Counts and money (USD) of one detector over all seeds."""

    planted: int = 0
    found: int = 0
    right: int = 0
    planted_money: Decimal = ZERO
    found_money: Decimal = ZERO
    right_money: Decimal = ZERO
    error_money: Decimal = ZERO

    def figures(self) -> dict[str, Any]:
        return {
            "planted": self.planted,
            "precision": _share(self.right, self.found),
            "recall": _share(self.right, self.planted),
            "money_precision": _share(self.right_money, self.found_money),
            "money_recall": _share(self.right_money, self.planted_money),
        }

    @property
    def is_exact(self) -> bool:
        same_money = self.planted_money == self.right_money == self.found_money
        return self.planted == self.right == self.found and same_money


@dataclass
class Scores:
    """All seeds together. ``look_alikes`` counts findings of money about facts that are in order,
    ``residuals`` those of the ``contract_lines`` (contract line and currency) that are not conserved;
    ``wrong`` says in words what was missed or invented."""

    detectors: dict[str, Score] = field(default_factory=dict)
    estimates: Score = field(default_factory=Score)
    look_alikes: int = 0
    contract_lines: int = 0
    residuals: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def is_exact(self) -> bool:
        exact = all(score.is_exact for score in self.detectors.values())
        return exact and self.look_alikes == 0 == self.residuals

    def add(self, found: Iterable[Finding], planted: Iterable[Finding], traps: set[str]) -> None:
        """Count the findings of one firm against what was planted in it."""
        theirs = {(f.detector, f.item, f.verdict): f for f in found}
        ours = {(p.detector, p.item, p.verdict): p for p in planted}
        for key in theirs.keys() | ours.keys():
            score = self.detectors.setdefault(key[0], Score())
            _count(score, theirs.get(key), ours.get(key))
            if (found_one := theirs.get(key)) != (planted_one := ours.get(key)):
                self.wrong.append(f"{' '.join(key)}: planted {_said(planted_one)}, found {_said(found_one)}")
            self.look_alikes += key in theirs and key[1] in traps and key[2] in LOSING

    def add_estimates(self, found: Mapping[Any, Decimal], planted: Mapping[Any, Decimal]) -> None:
        """Count estimated amounts (USD) by person and week against what was worked."""
        for key in found.keys() | planted.keys():
            theirs = Finding("L03", "", "", found[key]) if key in found else None
            ours = Finding("L03", "", "", planted[key]) if key in planted else None
            _count(self.estimates, theirs, ours)
            if theirs and ours:
                self.estimates.error_money += abs(theirs.money - ours.money)

    def add_conservation(self, residuals: Iterable[Decimal]) -> None:
        """Count the contract lines whose entitled value does not lie in exactly one place; a residual each."""
        for residual in residuals:
            self.contract_lines += 1
            self.residuals += residual != ZERO

    def figures(self) -> dict[str, Any]:
        return {
            "detectors": {name: self.detectors[name].figures() for name in sorted(self.detectors)},
            "estimates": {
                "L03": self.estimates.figures()
                | {"error": _share(self.estimates.error_money, self.estimates.planted_money)}
            },
            "look_alikes_found": self.look_alikes,
            "conservation": {"contract_lines": self.contract_lines, "with_residual": self.residuals},
            "wrong": sorted(self.wrong),
        }


def _count(score: Score, theirs: Finding | None, ours: Finding | None) -> None:
    if ours:
        score.planted += 1
        score.planted_money += ours.money
    if theirs:
        score.found += 1
        score.found_money += theirs.money
    if theirs and ours:
        score.right += 1
        score.right_money += min(theirs.money, ours.money)


def _said(finding: Finding | None) -> str:
    return f"{finding.money:.2f} USD" if finding else "nothing"


def _share(part: Decimal | int, whole: Decimal | int) -> float:
    """Rounded down, so that only an exact match is 1; nothing of nothing is all of it."""
    if not whole:
        return 1.0
    return int(Decimal(part) / Decimal(whole) * 10000) / 10000


def measure(seeds: int, staff: int, months: int, systems: str, *, shuffled: bool = False) -> Scores:
    """Run the seeds 1 to ``seeds`` through the pipeline; raises RuntimeError when a build fails."""
    scores = Scores()
    for seed in range(1, seeds + 1):
        firm = Firm(seed=seed, staff=staff, months=months, ends_on=ENDS_ON)
        now = datetime.combine(firm.ends_on, time(23, 59, 59), UTC)
        world = World(firm.facts_at(now), now, parse_systems(systems))
        for vendor in world.vendors.values() if shuffled else ():
            # The same order at every call: pages that shift while they are read are another test's business.
            vendor.arrange = lambda rows, seed=seed: random.Random(seed).sample(rows, len(rows))  # type: ignore[misc]
        with tempfile.TemporaryDirectory(prefix="leakage-detection-") as directory:
            _measure(firm, world, systems, Path(directory), scores)
    return scores


def _measure(firm: Firm, world: World, systems: str, data_dir: Path, scores: Scores) -> None:
    with SandboxServer(world) as sandbox:
        variables = {
            "LEAKAGE_SYSTEMS": systems,
            "LEAKAGE_DATA_DIR": str(data_dir),
            "LEAKAGE_AS_OF": firm.ends_on.isoformat(),
            "LEAKAGE_POLICIES_DIR": str(write_policies(policies(), data_dir / "policies", "the firm")),
        }
        with environment(sandbox.credentials() | variables), output_to(data_dir / "build.log"):
            failures = build_quickly()
    if failures:
        raise RuntimeError(f"the build failed: {'; '.join(failures)}")
    key, usd = firm.answer_key(), _Usd(world)
    index = fact_index(world)
    found = [
        Finding(o.detector or "", o.fact_id, o.verdict, usd(_money(o.amount, o.exposed_amount), o.currency))
        for o in read_observed(data_dir / "warehouse.duckdb", index)
        if o.is_finding and not o.is_estimate
    ]
    planted = [
        Finding(x.detector, x.item, x.verdict, usd(_money(x.amount, x.exposed_amount), x.currency)) for x in key.leaks
    ]
    scores.add(found, planted, {trap.item for trap in key.traps})
    scores.add_conservation(_residuals(data_dir / "warehouse.duckdb"))
    scores.add_estimates(_estimated(data_dir / "warehouse.duckdb", index, usd), _never_logged(key, usd))


def _money(amount: Decimal | None, exposed: Decimal | None) -> Decimal:
    return amount or exposed or ZERO


class _Usd:
    """Amounts in USD at the rates of the last day of a firm."""

    def __init__(self, world: World) -> None:
        last = max(rate.rate_date for rate in world.facts.fx_rates)
        rates = (r for r in world.facts.fx_rates if r.rate_date == last and r.to_currency == "USD")
        self.rates = {"USD": Decimal(1)} | {r.from_currency: r.rate for r in rates}

    def __call__(self, amount: Decimal, currency: str | None) -> Decimal:
        return amount * self.rates[currency or "USD"]


def _estimated(warehouse: Path, index: Mapping[tuple[str, str, str], str], usd: _Usd) -> dict[Any, Decimal]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select subject_system, subject_source_id, occurred_date, currency, amount"
            " from marts.leakage__findings where detector_id = 'L03'"
        ).fetchall()
    return {
        (index["person", system, str(source_id)], week, currency): usd(amount or ZERO, currency)
        for system, source_id, week, currency, amount in rows
    }


def _residuals(warehouse: Path) -> list[Decimal]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return [
            r for (r,) in connection.execute("select residual_amount from ledger.ledger__contract_lines").fetchall()
        ]


def _never_logged(key: AnswerKey, usd: _Usd) -> dict[Any, Decimal]:
    return {(e.item, e.week, e.currency): usd(e.amount, e.currency) for e in key.estimates}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="firms to generate (default: 5)")
    parser.add_argument("--staff", type=int, default=20, help="people of each firm (default: 20)")
    parser.add_argument("--months", type=int, default=5, help="months of each firm (default: 5)")
    parser.add_argument("--systems", default=DEFAULT_SYSTEMS, help="as in LEAKAGE_SYSTEMS (default: %(default)s)")
    parser.add_argument("--shuffled", action="store_true", help="every system sends its records in another order")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    scores = measure(options.seeds, options.staff, options.months, options.systems, shuffled=options.shuffled)
    figures = {"seeds": options.seeds, "staff": options.staff, "months": options.months} | scores.figures()
    if options.json:
        print(json.dumps(figures))
    else:
        _show(figures)
    sys.exit(0 if scores.is_exact else 1)


def _show(figures: dict[str, Any]) -> None:
    table = Table(title=f"{figures['seeds']} firms of {figures['staff']} people over {figures['months']} months")
    table.add_column("detector")
    for heading in ("planted", "precision", "recall", "money precision", "money recall"):
        table.add_column(heading, justify="right")
    for name, row in (figures["detectors"] | {"L03 (estimate)": figures["estimates"]["L03"]}).items():
        shares = [row[c] for c in ("precision", "recall", "money_precision", "money_recall")]
        table.add_row(name, str(row["planted"]), *(f"{share:.4f}" for share in shares))
    console = Console()
    console.print(table)
    console.print(f"look-alikes reported as leakage: {figures['look_alikes_found']}")
    lines = figures["conservation"]
    console.print(f"contract lines with a residual: {lines['with_residual']} of {lines['contract_lines']}")
    for said in figures["wrong"]:
        console.print(said)
    console.print(f"L03: amounts of the weeks that were found are off by {figures['estimates']['L03']['error']:.1%}")


if __name__ == "__main__":
    main()
