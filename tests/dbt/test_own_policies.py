"""A firm's own policies stand in for the shipped ones, file by file, and only with the columns that the seeds have."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

PROJECT = Path(__file__).parents[2] / "dbt_project"
RATES = "seller_country,buyer_country,tax_pct,valid_from,valid_to,name\n"


def seed(home: Path, own: Path) -> str:
    """Load two seeds with the policies of ``own``; what dbt said when it failed."""
    project = home / "project"
    if not project.exists():
        for folder in ("macros", "seeds"):
            shutil.copytree(PROJECT / folder, project / folder)
        for name in ("dbt_project.yml", "profiles.yml"):
            shutil.copy(PROJECT / name, project)
    dbt = [
        str(Path(sys.executable).with_name("dbt")),
        "--quiet",
        "seed",
        "--select",
        "tax_rates",
        "approval_authorities",
    ]
    env = {"LEAKAGE_SYSTEMS": "", "LEAKAGE_DATA_DIR": str(home), "LEAKAGE_POLICIES_DIR": str(own)}
    done = subprocess.run(
        [*dbt, "--profiles-dir", ".", "--target-path", str(home / "target")],
        cwd=project, env=os.environ | env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


def rows(home: Path, table: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(f"select * from policies.{table}").fetchall()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "it's own"
    folder.mkdir()
    return folder


def test_a_file_stands_in_for_the_shipped_one_until_it_is_gone(tmp_path: Path, own: Path) -> None:
    (own / "tax_rates.csv").write_text(RATES + 'DE,,19,2020-01-01,,"VAT, full"\n', "utf-8")
    assert seed(tmp_path, own) == ""
    assert rows(tmp_path, "tax_rates") == [("DE", None, Decimal("19.0000"), date(2020, 1, 1), None, "VAT, full")]
    shipped = rows(tmp_path, "approval_authorities")
    assert shipped
    (own / "tax_rates.csv").unlink()
    (own / "approval_authorities.csv").write_text(
        "limit_amount,approver_role,valid_to,valid_from,currency\n0.1,cfo,,2026-01-01,USD\n"
    )
    assert seed(tmp_path, own) == ""
    assert rows(tmp_path, "tax_rates") == []
    assert (
        rows(tmp_path, "approval_authorities") == [("cfo", Decimal("0.1000"), "USD", date(2026, 1, 1), None)] != shipped
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seller_country,tax_pct,valid_from,name\nDE,19,2020-01-01,VAT\n", "give it those of the shipped file"),
        (RATES + "DE,,nineteen,2020-01-01,,VAT\n", "nineteen"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_build(tmp_path: Path, own: Path, text: str, said: str) -> None:
    (own / "tax_rates.csv").write_text(text, "utf-8")
    assert said in seed(tmp_path, own)
