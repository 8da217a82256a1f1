"""The command line: quick help, one sentence per mistake, and the shapes that scripts read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import cli, register, scenario_check
from orchestration.demo import MARKER, DemoFirm, earlier_firm, prepare_data_dir
from orchestration.run import RunResult

TINY_REGISTER = Path(__file__).with_name("tiny_register.sql")


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory, and no settings or credentials from outside."""
    for name in [n for n in os.environ if n.startswith(("LEAKAGE_", "SOURCES__"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.fixture
def built(data_dir: Path) -> Path:
    """A data directory with a small register."""
    data_dir.mkdir()
    with duckdb.connect(str(data_dir / "warehouse.duckdb")) as connection:
        connection.execute(TINY_REGISTER.read_text("utf-8"))
    return data_dir


def leakage(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command line in this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["leakage", *arguments])
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_help_answers_at_once_and_imports_nothing_heavy() -> None:
    started = time.monotonic()
    script = (
        "import sys, orchestration.cli as c; print(sorted({m.split('.')[0] for m in sys.modules} & set(sys.argv[1:])))"
    )
    heavy = ["dagster", "dlt", "dbt", "duckdb", "great_expectations", "pandas", "pyarrow", "pydantic", "starlette"]
    loaded = subprocess.run([sys.executable, "-c", script, *heavy], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
    shown = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "--help"], capture_output=True, text=True, check=True
    )
    assert all(word in shown.stdout for word in ("demo", "run", "findings", "explain", "sandbox", "scenarios", "ui"))
    assert time.monotonic() - started < 5, "two starts of the interpreter; far above the usual 0.5 s"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["findings"], "nothing was built here yet; type `leakage demo`"),
        (["explain", "abc"], "nothing was built here yet"),
        (["run"], "no credentials are configured"),
        (["run", "--systems", "crm"], "'crm' is not DOMAIN=SYSTEM"),
        (["demo", "--systems", "crm=nobody"], "no system 'nobody' serves crm"),
        (["scenarios", "check", "nowhere"], "nowhere: no such file or directory"),
        (["scenarios", "check", ".", "--systems", "x=y"], "'x=y' is not DOMAIN=SYSTEM"),
        (["sandbox", "serve", "--systems", "crm=nobody"], "no system 'nobody'"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert leakage(monkeypatch, *arguments) == 2
    shown = capfd.readouterr()
    assert said in shown.err and shown.err.count("\n") == 1 and shown.out == ""


@pytest.mark.parametrize("arguments", [["--bogus"], ["demo", "--staff", "1"], ["run", "--as-of", "soon"], ["nonsense"]])
def test_wrong_usage_is_exit_code_2(data_dir: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    assert leakage(monkeypatch, *arguments) == 2


def test_a_wrong_environment_is_a_sentence(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEAKAGE_AS_OF", "yesterday")
    assert leakage(monkeypatch, "findings") == 2
    assert "LEAKAGE_AS_OF: 'yesterday' is not a date" in capfd.readouterr().err


def test_findings_as_json_are_exact(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leakage(monkeypatch, "findings", "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert [f["finding_id"] for f in found] == ["aaaa1111", "bbbb2222", "bbbb3333", "cccc4444"]
    assert [f["amount"] for f in found] == ["2000.00", "136.36", "0.00", None]
    assert found[0]["causes"] == ["late_approval", "sync_failed"] and found[0]["as_of_date"] == "2026-04-30"
    assert found[0]["evidence"][0]["record_id"] == "77"


def test_findings_can_be_narrowed_and_an_unknown_value_is_a_mistake(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leakage(monkeypatch, "findings", "--json", "--verdict", "at_risk") == 0
    assert len(json.loads(capfd.readouterr().out)) == 1
    assert leakage(monkeypatch, "findings", "--category", "magic") == 2
    assert "the register holds invoice_delay, missing_rate" in capfd.readouterr().err


def test_findings_for_people_never_add_currencies(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert leakage(monkeypatch, "findings") == 0
    assert "136.36 EUR, 2,000.00 USD" in capfd.readouterr().out


def test_explain_goes_from_the_opportunity_to_the_absent_invoice_line(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leakage(monkeypatch, "explain", "aaaa", "--json") == 0
    chain = json.loads(capfd.readouterr().out)["chain"]
    assert [(s["step"], s["system"], s["record_id"]) for s in chain] == [
        ("opportunity", "crm1", "OPP"),
        ("contract", "crm1", "K"),
        ("contract line", "crm1", "L"),
        ("rate card version", "crm1", "C1"),
        ("project", "psa1", "P"),
        ("time entry", "psa1", "77"),
        ("invoice line", None, None),
    ]
    assert "200.00 USD per hour" in chain[3]["detail"]
    assert leakage(monkeypatch, "explain", "aaaa1111") == 0
    assert "absent" in capfd.readouterr().out


def test_explain_says_which_link_was_inferred_and_how_sure_that_is(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leakage(monkeypatch, "explain", "bbbb2222", "--json") == 0
    (step,) = [s for s in json.loads(capfd.readouterr().out)["chain"] if s["step"] == "inferred project"]
    assert (step["system"], step["record_id"]) == ("exp1", "acme-1")
    assert step["detail"] == "taken for psa1:P, by project_code_spelling (ACME1), medium confidence"


def test_explain_refuses_an_unknown_or_ambiguous_id(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leakage(monkeypatch, "explain", "zzz") == 2
    assert "no finding has it" in capfd.readouterr().err
    assert leakage(monkeypatch, "explain", "bbbb") == 2
    assert "2 findings begin with it" in capfd.readouterr().err


def test_the_published_copy_is_read_before_the_warehouse(built: Path) -> None:
    assert register.register_path() == built / "warehouse.duckdb"
    (built / "published").mkdir()
    (built / "published" / "leakage.duckdb").touch()
    assert register.register_path() == built / "published" / "leakage.duckdb"


def test_a_run_ends_with_one_json_object(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def noisy(progress: Any) -> RunResult:
        print("a tool prints")
        os.write(1, b"and so does its child")
        return RunResult(seconds=1.5, failed_loads={"psa1": "psa1: it is away"})

    monkeypatch.setattr("orchestration.run.execute", noisy)
    monkeypatch.setenv("SOURCES__SALESFORCE__SECRET", "x")
    assert leakage(monkeypatch, "run", "--as-of", "2026-04-30", "--systems", "crm=salesforce", "--json") == 0
    summary = json.loads(capfd.readouterr().out)
    assert summary == {
        "as_of": "2026-04-30",
        "systems": {"crm": "salesforce"},
        "findings": 4,
        "leakage": {"EUR": "136.36", "USD": "2000.00"},
        "blind": [
            {"detector_id": "L07", "category": "expense_unrebilled", "missing_domains": "expense"},
            {"detector_id": "L09", "category": "rebill_under", "missing_domains": "expense"},
        ],
        "stale_feeds": [
            {
                "domain": "psa",
                "system": "psa1",
                "complete_through": "2026-04-28T00:00:00",
                "age_hours": "72.00",
                "max_age_hours": "26.00",
                "objects": ["projects", "times"],
            }
        ],
        "failed_loads": {"psa1": "psa1: it is away"},
        "seconds": 1.5,
        "data_dir": str(built),
    }
    (log,) = (built / "logs").iterdir()
    assert "a tool prints" in log.read_text() and "so does its child" in log.read_text()


def test_a_run_shows_register_totals_metrics_and_files(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("orchestration.run.execute", lambda progress: RunResult(seconds=1.5))
    monkeypatch.setenv("SOURCES__SALESFORCE__SECRET", "x")
    monkeypatch.setenv("COLUMNS", "200")
    assert leakage(monkeypatch, "run") == 0
    out = capfd.readouterr().out
    for said in (
        "aaaa1111",
        "136.36 EUR, 2,000.00 USD",
        "93.0 % of 100.00 USD",
        "2,000.00 USD (10 h)",
        "psa (psa1)",
        "1 of 1",
        "unknown d of 50.00 EUR, 30.0 d of 300,000.00 USD",
        "8.0 d in USD (6 invoices)",
        "1 of 6 late, 1 still open, longest 14 business days",
        "5 failed attempts, 2 records unsynced past SLA",
        "2.50 % of 2,000.00 USD",
        "L07 L09 (no system for expense)",
        str(built),
    ):
        assert said in out, said
    ages = [
        out.index(label) for label in ("unbilled, not due", "unbilled 0-30 d", "unbilled 91-120 d", "unbilled >120 d")
    ]
    assert ages == sorted(ages)
    assert "missing_rate" in out and "unknown" in out, "an unknown amount is never shown as zero"


def test_metrics_of_a_firm_without_any_record_say_so(built: Path) -> None:
    with duckdb.connect(str(register.register_path())) as connection:
        for table in (
            "finance__dso", "finance__invoice_cycle_time", "operations__project_setup_latency",
            "operations__sync_failures", "finance__leakage_rate",
        ):  # fmt: skip
            connection.execute(f"delete from marts.{table}")
        said = dict(register.metrics(connection))
    assert said["DSO"] == said["invoice cycle"] == "no invoices"
    assert said["project set-up"] == "no engagement won"
    assert said["sync failures"] == "no integration log"
    assert said["leakage rate"] == "no entitled value"


def test_a_late_feed_is_a_warning_and_exit_code_0(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    late = "psa1: it is away; the register stands on what was loaded before"
    monkeypatch.setattr("orchestration.run.execute", lambda progress: RunResult(warnings=[late]))
    monkeypatch.setenv("SOURCES__SALESFORCE__SECRET", "x")
    assert leakage(monkeypatch, "run") == 0
    shown = capfd.readouterr()
    assert f"warning: {late}" in shown.err and "stale feeds" in shown.out


def test_no_system_at_all_needs_no_credentials(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("orchestration.run.execute", lambda progress: RunResult())
    assert leakage(monkeypatch, "run", "--systems", "", "--json") == 0
    assert json.loads(capfd.readouterr().out)["systems"] == {}


def test_a_failed_run_says_why_and_exits_1(
    built: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "orchestration.run.execute", lambda progress: RunResult(ok=False, failures=["load_x: the secret is wrong"])
    )
    monkeypatch.setenv("SOURCES__SALESFORCE__SECRET", "x")
    assert leakage(monkeypatch, "run", "--json") == 1
    shown = capfd.readouterr()
    assert "failed: load_x: the secret is wrong" in shown.err and shown.out == ""


@pytest.fixture
def bad_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The seeds with one row that cannot be used; what is said of it."""
    from orchestration import policies

    seeds = Path(shutil.copytree(policies.SEEDS, tmp_path / "seeds"))
    text = (seeds / "policies.csv").read_text("utf-8")
    (seeds / "policies.csv").write_text(text + "invoice_slo,customer,c1,5,business_days,2026-01-01,,FIN,\n", "utf-8")
    monkeypatch.setattr(policies, "SEEDS", seeds)
    return (
        f"policies.csv line {text.count(chr(10)) + 1}: policy_key 'invoice_slo' is unknown; "
        "write invoice_sla, if that is meant, or remove the row"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["demo", "--staff", "5", "--months", "4"],
        ["replay", "--as-of", "2026-04-30"],
        ["scenarios", "check", "S01.yml"],
        ["scenarios", "check", "S01.yml", "--quick"],
    ],
)
def test_a_policy_that_cannot_be_used_stops_a_run_before_it_reads_or_builds(
    data_dir: Path,
    bad_policy: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    shutil.copy(next((Path(__file__).parents[1] / "scenarios").glob("S01_*.yml")), "S01.yml")
    if arguments[0] == "replay":
        data_dir.mkdir()
        duckdb.connect(str(data_dir / "warehouse.duckdb")).close()
    monkeypatch.setenv("SOURCES__SALESFORCE__SECRET", "x")
    assert leakage(monkeypatch, *arguments) == 2
    shown = capfd.readouterr()
    assert f"leakage: {bad_policy}\n" in shown.err and shown.out == ""
    assert not (data_dir / "dbt").exists() and not (data_dir / "replays" / ".2026-04-30").exists()
    assert (data_dir / "warehouse.duckdb").exists() == (arguments[0] == "replay")


def test_policies_are_checked_on_their_own(
    data_dir: Path, bad_policy: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert leakage(monkeypatch, "policies", "check") == 1
    assert capfd.readouterr().out == f"{bad_policy}\n1 problem(s) in the policies\n"
    assert leakage(monkeypatch, "policies", "check", "--json") == 1
    (problem,) = json.loads(capfd.readouterr().out)
    assert f"policies.csv line {problem['line']}: {problem['reason']}; {problem['remedy']}" == bad_policy
    monkeypatch.undo()
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(data_dir))
    assert leakage(monkeypatch, "policies", "check") == 0
    assert capfd.readouterr().out == "the policies can be used\n"


def test_scenario_differences_exit_1_and_name_both_amounts(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    results = [
        scenario_check.ScenarioResult("S01", "time", ["T1: amount: expected 2000.01, found 2000.00"]),
        scenario_check.ScenarioResult("S02", "trap"),
    ]
    monkeypatch.setattr(scenario_check, "check", lambda *_, **__: results)
    assert leakage(monkeypatch, "scenarios", "check", ".") == 1
    out = capfd.readouterr().out
    assert "S01: T1: amount: expected 2000.01, found 2000.00" in out and "ok   S02" in out and "1 of 2" in out
    assert leakage(monkeypatch, "scenarios", "check", ".", "--json") == 1
    assert [r["ok"] for r in json.loads(capfd.readouterr().out)] == [False, True]


def test_the_schema_is_printed_as_json(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert leakage(monkeypatch, "scenarios", "schema") == 0
    assert json.loads(capfd.readouterr().out)["title"] == "Leakage scenario"


def test_demo_data_and_real_data_never_mix(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    prepare_data_dir(DemoFirm())
    (data_dir / "warehouse.duckdb").touch()
    prepare_data_dir(DemoFirm())
    assert (data_dir / "warehouse.duckdb").exists(), "the same firm again continues where it was"
    assert earlier_firm() == DemoFirm()
    prepare_data_dir(DemoFirm(seed=8))
    assert not (data_dir / "warehouse.duckdb").exists(), "another firm starts afresh"
    monkeypatch.setenv("SOURCES__SALESFORCE__SECRET", "x")
    assert leakage(monkeypatch, "run") == 2
    assert "holds the demo firm" in capfd.readouterr().err
    (data_dir / MARKER).unlink()
    (data_dir / "warehouse.duckdb").touch()
    assert leakage(monkeypatch, "demo") == 2
    assert "holds data of real systems" in capfd.readouterr().err


def test_money_is_exact_text() -> None:
    assert [register.money(Decimal(v)) for v in ("10", "10.5000", "10.1234", "-0.0100")] == [
        "10.00",
        "10.50",
        "10.1234",
        "-0.01",
    ]
