"""The law of the sandbox: the same facts through any mix of vendors give the same findings to the cent.

``python -m tests.mixes`` runs the scenarios through as few mixes as bring in every system that the default one lacks;
``--all`` through every mix of CRM, PSA and ERP. It prints a line per mix and exits 1 on any difference. Mixes run side by
side, ``--jobs`` at a time. The few scenarios that cannot share a firm with the others, such as one whose ledger is days
behind, cost a run each: ``--whole`` adds them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from ingestion.config import DEFAULT_SYSTEMS, parse_systems
from ingestion.registry import SYSTEMS
from ingestion.sandbox.scenarios import load, worlds

SCENARIOS = Path(__file__).parent / "scenarios"
CROSSED = ("crm", "psa", "erp")


def serving(domain: str) -> list[str]:
    """The systems that can serve ``domain``."""
    return [name for name, spec in SYSTEMS.items() if domain in spec.domains]


def all_mixes() -> list[dict[str, str]]:
    """Every CRM with every PSA and every ERP of one vendor, then the mixes that have what those lack."""
    default = parse_systems(DEFAULT_SYSTEMS)
    alone = {domain: [s for s in serving(domain) if len(SYSTEMS[s].domains) == 1] for domain in CROSSED}
    crossed = [default | dict(zip(CROSSED, mix, strict=True)) for mix in itertools.product(*alone.values())]
    return crossed + [mix for mix in fewest_mixes() if mix not in crossed]


def fewest_mixes() -> list[dict[str, str]]:
    """Mixes with every system that the default one lacks: one system after the other, into the first that has room."""
    default = parse_systems(DEFAULT_SYSTEMS)
    found: list[dict[str, str]] = []
    for name, spec in SYSTEMS.items():
        served = dict.fromkeys(sorted(spec.domains), name)
        if name in default.values():
            continue
        for replaced in found:
            if replaced.keys().isdisjoint(served):
                replaced |= served
                break
        else:
            found.append(served)
    return [default | replaced for replaced in found]


def switch(mix: dict[str, str]) -> str:
    """A mix as LEAKAGE_SYSTEMS has it."""
    return ",".join(f"{domain}={system}" for domain, system in mix.items())


def of_one_firm(directory: Path) -> Path:
    """``directory`` with the files of the scenarios that share the first firm, which are nearly all."""
    shared = {scenario.scenario for scenario in worlds(load(SCENARIOS))[0].scenarios}
    for file in SCENARIOS.glob("*.yml"):
        if yaml.safe_load(file.read_text("utf-8"))["scenario"] in shared:
            shutil.copy(file, directory)
    return directory


def differences(mix: dict[str, str], scenarios: Path) -> tuple[list[str], float]:
    """What the scenarios find otherwise than expected through ``mix``, in sentences, and the seconds it took."""
    started = time.monotonic()
    command = [sys.executable, "-m", "orchestration.cli", "scenarios", "check", str(scenarios), "--quick", "--json"]
    done = subprocess.run([*command, "--systems", switch(mix)], capture_output=True, text=True)
    seconds = time.monotonic() - started
    try:
        results = json.loads(done.stdout)
    except json.JSONDecodeError:
        return [f"no result, exit code {done.returncode}: {done.stderr.strip()[-500:]}"], seconds
    return [f"{r['scenario']}: {text}" for r in results for text in r["differences"]], seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--jobs", type=int, default=2, help="mixes at the same time")
    parser.add_argument("--whole", action="store_true", help="also the scenarios that need a firm of their own")
    parser.add_argument("--all", action="store_true", help="every mix of CRM, PSA and ERP")
    options = parser.parse_args()
    mixes = all_mixes() if options.all else fewest_mixes()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="leakage-mixes-") as directory, ThreadPoolExecutor(options.jobs) as pool:
        scenarios = SCENARIOS if options.whole else of_one_firm(Path(directory))
        results = pool.map(lambda mix: differences(mix, scenarios), mixes)
        for mix, (found, seconds) in zip(mixes, results, strict=True):
            failed += bool(found)
            print(f"{'FAIL' if found else 'ok  '} {seconds:5.0f} s  {switch(mix)}", flush=True)
            for text in found:
                print(f"     {text}")
    print(f"{len(mixes) - failed} of {len(mixes)} mixes give the expected findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
