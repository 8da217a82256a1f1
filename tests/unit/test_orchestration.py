"""What the asset graph is made of: failures in one sentence, dbt as it is run here, and the event log."""

from __future__ import annotations

import subprocess
from datetime import UTC
from functools import cached_property
from pathlib import Path
from socket import gethostname
from threading import Event
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.utils import make_new_run_id
from dagster_dbt import DbtCliResource

from expectations.report import Outcome, Report
from ingestion.config import ConfigurationError
from ingestion.http.errors import PermanentError, SourceError, TransientError
from orchestration.defs.ingestion.assets import load_failure
from orchestration.defs.quality.checks import check_result
from orchestration.defs.transformation.assets import ROW_COUNT, build_arguments, build_failure
from orchestration.lib import dbt_runtime
from orchestration.lib.event_log import OPEN_SHARDS, OpenSqliteEventLogStorage
from orchestration.lib.instance import PROCESS_TAG, instance, prepare_home, process_tags
from orchestration.lib.loader import LoadsAhead


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.delenv("DBT_TARGET_PATH", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("error", "again"), [(PermanentError("acme: 401"), False), (TransientError("acme: 503"), True)]
)
def test_only_what_can_succeed_is_tried_again(error: SourceError, again: bool):
    failure = load_failure(error)
    assert failure.description == str(error)
    assert failure.allow_retries is again
    assert not load_failure(error, may_repeat=False).allow_retries


def report(*outcomes: Outcome) -> Report:
    return Report("raw.acme.times", outcomes, {})


KEY = dg.AssetCheckKey(dg.AssetKey(["raw", "acme", "times"]), "boundary")
LATE = Outcome("e", False, "warning", "the feed is late: got 30")
EMPTY = Outcome("e", False, "critical", "raw_acme.times has records: got 0")
FINE = Outcome("e", True, "critical", "keys are filled")


@pytest.mark.parametrize(
    ("outcomes", "passed", "severity"),
    [
        ((FINE,), True, dg.AssetCheckSeverity.WARN),
        ((FINE, LATE), False, dg.AssetCheckSeverity.WARN),
        ((LATE, EMPTY), False, dg.AssetCheckSeverity.ERROR),
    ],
)
def test_a_warning_never_blocks(outcomes: tuple[Outcome, ...], passed: bool, severity: dg.AssetCheckSeverity):
    result = check_result(KEY, report(*outcomes), "/evidence.json")
    assert (result.passed, result.severity) == (passed, severity)
    for outcome in outcomes:
        assert outcome.success or outcome.sentence in str(result.description)


def test_loads_ahead_run_at_the_same_time_and_come_as_they_end(monkeypatch: pytest.MonkeyPatch):
    slow_is_running, quick_has_ended = Event(), Event()

    def run(system: str, objects: object, whole: bool) -> None:
        if system == "slow":
            slow_is_running.set()
            assert quick_has_ended.wait(10)
        else:
            assert slow_is_running.wait(10)
        if system == "down":
            raise TransientError("down: answered 503")

    monkeypatch.setattr("orchestration.lib.loader.run", run)
    loads = LoadsAhead(["slow", "quick", "down"])
    loads.start()
    ended = loads.as_they_end()
    assert {next(ended), next(ended)} == {"quick", "down"}
    assert loads.load("quick", ()).since.tzinfo is UTC
    with pytest.raises(TransientError, match="answered 503"):
        loads.load("down", ())
    quick_has_ended.set()
    assert list(ended) == ["slow"]


def test_production_runs_leave_unit_tests_out():
    assert list(build_arguments()[:3]) == ["build", "--exclude", "resource_type:unit_test"]


def test_a_failed_build_names_what_failed():
    def node(name: str, status: str, message: str = "") -> dict[str, Any]:
        return {"unique_id": name, "status": status, "message": message}

    results = [
        node("model.leakage.time_entry", "error", "Runtime Error\n  Binder Error: no column"),
        node("test.leakage.unique_customer.a1", "fail", "Got 2 results"),
        node("model.leakage.invoice", "success"),
    ]
    sentence = build_failure({"results": results})
    assert "2 model(s) or test(s) failed" in sentence
    assert "time_entry (Runtime Error Binder Error: no column)" in sentence
    assert "Got 2 results" in sentence and "invoice" not in sentence
    assert "before it built anything" in build_failure({})


def test_the_row_count_message_is_the_one_that_the_macro_writes():
    macro = (dbt_runtime.PROJECT_DIR / "macros" / "log_row_count.sql").read_text("utf-8")
    assert "'row_count ' ~" in macro
    assert ROW_COUNT.fullmatch("row_count 42")


def test_the_private_names_of_dagster_dbt_are_still_there():
    """The two costs are avoided by replacing these; an upgrade that renames them would bring the costs back."""
    assert isinstance(DbtCliResource._cli_version, cached_property)
    assert callable(DbtCliResource._initialize_dbt_core_adapter)


def test_dbt_comes_from_the_running_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    project = dbt_runtime.DbtProject(dbt_runtime.PROJECT_DIR, target_path=dbt_runtime.target_path())
    assert Path(dbt_runtime.dbt_resource(project).dbt_executable).exists()


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dbt project of one model, which takes the place of ours."""
    root = tmp_path / "dbt_project"
    (root / "models").mkdir(parents=True)
    (root / "dbt_project.yml").write_text("name: small\nversion: '1.0'\nprofile: small\n")
    (root / "profiles.yml").write_text(
        "small: {target: t, outputs: {t: {type: duckdb, path: \"{{ env_var('LEAKAGE_DATA_DIR') }}/warehouse.duckdb\"}}}\n"
    )
    (root / "models" / "one.sql").write_text("select '{{ env_var('LEAKAGE_POLICIES_DIR') }}' as found")
    monkeypatch.setattr(dbt_runtime, "PROJECT_DIR", root)
    return root


def test_the_project_is_parsed_when_files_or_systems_change_and_for_nothing_else(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    parsed: list[Path] = []

    def parse(folder: Path) -> None:
        folder.mkdir(parents=True)
        parsed.append(folder)

    monkeypatch.setattr(dbt_runtime, "_parse", parse)
    first = dbt_runtime.parsed_project()
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("LEAKAGE_AS_OF", "2026-01-01")
    assert dbt_runtime.parsed_project() == first and parsed == [first]
    (small / "models" / "one.sql").write_text("select 2 as two_and_longer")
    second = dbt_runtime.parsed_project()
    assert parsed == [first, second] and not first.exists(), "what is outdated goes"
    monkeypatch.setenv("LEAKAGE_SYSTEMS", "crm=salesforce")
    third = dbt_runtime.parsed_project()
    assert parsed == [first, second, third] and second.exists(), "other systems, other manifest"
    (small / "models" / "two.sql").write_text("select 1 as one")
    assert dbt_runtime.parsed_project() == parsed[3]


def test_a_parsed_project_is_built_in_any_folder(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    parsed = dbt_runtime.parsed_project()
    assert {"manifest.json", "partial_parse.msgpack"} <= {path.name for path in parsed.iterdir()}
    monkeypatch.setattr(dbt_runtime, "_parse", lambda folder: pytest.fail("parsed again"))
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setenv("LEAKAGE_DATA_DIR", str(folder))
        monkeypatch.setenv("LEAKAGE_POLICIES_DIR", str(folder))
        done = dbt_runtime.run_dbt("build")
        assert done.returncode == 0, done.stdout
        with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
            assert connection.execute("from one").fetchall() == [(str(folder),)]
    assert dbt_runtime.run_dbt("build", "--select", "no_such_option", "--nonsense").returncode == 2


def test_a_project_that_cannot_be_parsed_is_one_sentence(small: Path):
    (small / "models" / "one.sql").write_text("select {{ ref('nothing') }}")
    with pytest.raises(ConfigurationError, match="dbt cannot parse the project") as caught:
        dbt_runtime.dbt_project()
    assert "\n" not in str(caught.value)
    assert list((small / "target" / "parsed").iterdir()) == [], "nothing unfinished is left"


@dg.asset
def something() -> None: ...


@dg.asset_check(asset=something)
def is_there() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def run_once(on: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = dg.Definitions(assets=[something], asset_checks=[is_there]).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=on)


def test_the_instance_keeps_history_in_the_data_directory(data_dir: Path):
    with instance() as first:
        result = run_once(first)
        assert not first.telemetry_enabled and not first.nux_enabled
        assert isinstance(first.event_log_storage, OpenSqliteEventLogStorage)
    assert (data_dir / "dagster" / "dagster.yaml").exists()
    with instance() as second:
        (run,) = second.get_runs()
        assert run.run_id == result.run_id and run.is_success
        assert second.get_latest_materialization_event(dg.AssetKey("something")) is not None
        key = dg.AssetCheckKey(dg.AssetKey("something"), "is_there")
        assert second.event_log_storage.get_latest_asset_check_execution_by_key([key])[key].status.value == "SUCCEEDED"


def test_a_run_whose_process_was_killed_does_not_keep_its_pools():
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    started = dg.DagsterRunStatus.STARTED
    tags = {
        "dead": {PROCESS_TAG: f"{gethostname()}:{gone.pid}"},
        "elsewhere": {PROCESS_TAG: f"another.{gethostname()}:{gone.pid}"},
        "alive": process_tags(),
        "launched": {},
    }
    runs = {name: dg.DagsterRun("build", make_new_run_id(), status=started, tags=found) for name, found in tags.items()}
    with instance() as first:
        for run in runs.values():
            first.add_run(run)
    with instance() as second:
        status = {name: second.get_run_by_id(run.run_id).status for name, run in runs.items()}  # type: ignore[union-attr]
    assert status == dict.fromkeys(tags, started) | {"dead": dg.DagsterRunStatus.FAILURE}


def test_dagsters_own_event_log_reads_what_ours_wrote_and_back():
    home = prepare_home()
    with dg.DagsterInstance.from_config(str(home)) as ours:
        run_id = run_once(ours).run_id
        events = {e.dagster_event_type for e in ours.all_logs(run_id) if e.is_dagster_event}
    stock = SqliteEventLogStorage(str(home / "events"))
    assert {e.dagster_event_type for e in stock.get_logs_for_run(run_id) if e.is_dagster_event} == events
    assert stock.all_asset_keys() == [dg.AssetKey("something")]


def test_open_connections_are_bounded(data_dir: Path):
    storage = OpenSqliteEventLogStorage(str(data_dir / "events"))
    for number in range(OPEN_SHARDS + 3):
        assert storage.get_logs_for_run(f"run-{number}") == []
    assert len(storage._engines) == OPEN_SHARDS
    storage.dispose()
    assert not storage._engines
