"""The recipe of the tenth system: the skeleton works at once, and one file changes outside of the new ones."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.config import ConfigurationError
from orchestration.new_system import ROOT, lay_out

COPIED = ("ingestion", "orchestration", "expectations", "dbt_project", "tests", "pyproject.toml")
# What a checkout holds beside its sources.
LEFT = shutil.ignore_patterns("__pycache__", "target", "logs", "data", ".pytest_cache")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project to change."""
    root = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=LEFT)
        else:
            shutil.copy(source, root / name)
    return root


def contents(root: Path) -> dict[str, bytes]:
    files = (
        p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts and ".pytest_cache" not in p.parts
    )
    return {str(p.relative_to(root)): p.read_bytes() for p in files}


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin", "HOME": str(root), "DO_NOT_TRACK": "1"}
    return subprocess.run([sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True)


def test_the_recipe_changes_one_file_and_the_skeleton_passes_the_rules_of_the_house(checkout: Path) -> None:
    before = contents(checkout)
    command = ("-m", "orchestration.cli", "new-system", "umbra", "--domain", "psa", "--title", "Umbra PSA")
    laid_out = run(checkout, *command, "--owner", "pmo")
    assert laid_out.returncode == 0, laid_out.stderr
    after = contents(checkout)

    changed = {name for name in before if after.get(name) != before[name]}
    assert changed == {"ingestion/registry.py"}
    new = after.keys() - before.keys()
    assert new == set(laid_out.stdout.split())
    assert all("umbra" in name for name in new)

    linted = run(checkout, "-m", "ruff", "check", ".")
    assert linted.returncode == 0, linted.stdout
    tested = run(
        checkout, "-m", "pytest", "-n", "0", "-k", "umbra or mapping or system",
        "tests/dbt/test_project.py", "tests/sandbox/test_umbra.py",
        "tests/expectations/test_declarations.py",
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout[-3000:]


def test_a_name_that_is_taken_or_unusable_changes_nothing(checkout: Path) -> None:
    before = contents(checkout)
    for name, domains, said in (
        ("salesforce", ["crm"], "in the registry already"),
        ("Umbra PSA", ["psa"], "no name of a system"),
        ("nova", ["payroll"], "'payroll' is no domain"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            lay_out(name, domains, "Nova", "pmo", checkout)
    (checkout / "expectations/controls/nova.py").write_text("")
    with pytest.raises(ConfigurationError, match="exists already"):
        lay_out("nova", ["psa"], "Nova", "pmo", checkout)
    (checkout / "expectations/controls/nova.py").unlink()
    assert contents(checkout) == before
