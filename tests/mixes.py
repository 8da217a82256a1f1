"""The law of the sandbox: the same facts through any mix of vendors give the same findings to the cent.

``python -m tests.mixes`` runs every scenario through every mix of CRM, PSA and ERP, and through each other system once;
it prints a line per mix and exits 1 on any difference. Mixes run side by side, ``--jobs`` at a time.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ingestion.config import DEFAULT_SYSTEMS, parse_systems
from ingestion.registry import SYSTEMS

SCENARIOS = Path(__file__).parent / "scenarios"
CROSSED = ("crm", "psa", "erp")


def serving(domain: str) -> list[str]:
    """The systems that can serve ``domain``."""
    return [name for name, spec in SYSTEMS.items() if domain in spec.domains]


def all_mixes() -> list[dict[str, str]]:
    """Every CRM with every PSA and every ERP of one vendor; systems of several domains and of other ones once each."""
    default = parse_systems(DEFAULT_SYSTEMS)
    alone = {domain: [s for s in serving(domain) if len(SYSTEMS[s].domains) == 1] for domain in CROSSED}
    found = [default | dict(zip(CROSSED, mix, strict=True)) for mix in itertools.product(*alone.values())]
    extra = {s: dict.fromkeys(sorted(spec.domains), s) for s, spec in SYSTEMS.items()}
    used = {s for mix in found for s in mix.values()}
    return found + [default | served for name, served in extra.items() if name not in used]


def switch(mix: dict[str, str]) -> str:
    """A mix as LEAKAGE_SYSTEMS has it."""
    return ",".join(f"{domain}={system}" for domain, system in mix.items())


def differences(mix: dict[str, str]) -> tuple[list[str], float]:
    """What the scenarios find otherwise than expected through ``mix``, in sentences, and the seconds it took."""
    started = time.monotonic()
    command = [sys.executable, "-m", "orchestration.cli", "scenarios", "check", str(SCENARIOS), "--quick", "--json"]
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
    mixes = all_mixes()
    failed = 0
    with ThreadPoolExecutor(parser.parse_args().jobs) as pool:
        for mix, (found, seconds) in zip(mixes, pool.map(differences, mixes), strict=True):
            failed += bool(found)
            print(f"{'FAIL' if found else 'ok  '} {seconds:5.0f} s  {switch(mix)}", flush=True)
            for text in found:
                print(f"     {text}")
    print(f"{len(mixes) - failed} of {len(mixes)} mixes give the expected findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
