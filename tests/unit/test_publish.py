"""The copy for BI: whole, documented, readable by older clients while it is replaced, and never from a bad run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.defs.publishing.assets import BI_SNAPSHOT, publishing
from orchestration.lib.freshness import Freshness
from orchestration.publications import DATABASE
from orchestration.publish import Publication, PublishError, TableText
from orchestration.publish import publish as publish_documented

OLD_CLIENT = "1.2.2"
TABLES = ("canonical.customer", "ledger.ledger__items", "marts.leakage__findings")
PUBLICATIONS = 20
TEXTS = {"canonical.customer": TableText("Who is billed; it's one row per party.", {"amount": "Amount in EUR"})}

# Reads every table of the copy again and again, and says what it saw; a mixture of two runs is an error.
READER = """
import pathlib, sys
import duckdb
folder, stop, tables = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3].split(",")
seen, reads = set(), 0
while not stop.exists() or not reads:
    with_database = duckdb.connect(str(folder / "leakage.duckdb"), read_only=True)
    run = with_database.execute("select run_id from published_run").fetchone()[0]
    for table in tables:
        found = with_database.execute(f"select distinct run_marker from {table}").fetchall()
        assert found == [(run,)], f"{table} of run {run} holds {found}"
    with_database.close()
    current = (folder / "parquet" / "current").resolve()
    for table in tables:
        file = current / (table.replace(".", "/") + ".parquet")
        found = duckdb.sql(f"select distinct run_marker from '{file}'").fetchall()
        assert found == [(current.name,)], f"{file} holds {found}"
    seen.add(run)
    reads += 1
    print(duckdb.__version__, reads, len(seen), flush=True)
"""


def build(warehouse: Path, run: str) -> None:
    """A warehouse as a run would leave it; every row says which run wrote it."""
    with duckdb.connect(warehouse) as connection:
        for qualified in TABLES:
            connection.execute(f"create schema if not exists {qualified.split('.')[0]}")
            connection.execute(
                f"create or replace table {qualified} as select i as id, '{run}' as run_marker, "
                "cast(1.25 as decimal(18, 4)) as amount from range(2000) as r(i)"
            )
        connection.execute("create schema if not exists staging")
        connection.execute("create or replace view staging.stg_secret as select 1 as one")


def publish(warehouse: Path, folder: Path, run_id: str) -> Publication:
    return publish_documented(warehouse, folder, run_id, TEXTS)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    build(path, "run-1")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "published"


def query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(folder / DATABASE, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def files_of(folder: Path) -> set[str]:
    """The publications of which anything is on disk."""
    kept = [*(folder / "databases").iterdir(), *(folder / "parquet").iterdir()]
    assert {p.name for p in folder.iterdir()} == {DATABASE, "databases", "parquet", ".swap.lock"}
    return {p.name.removesuffix(".duckdb") for p in kept if not p.is_symlink()}


def test_it_holds_the_published_layers_and_nothing_else(warehouse: Path, folder: Path):
    done = publish(warehouse, folder, "run-1")
    assert done.rows == dict.fromkeys(TABLES, 2000)
    tables = query(folder, "select schema_name || '.' || table_name from duckdb_tables() order by 1")
    assert [t for (t,) in tables] == [
        "canonical.customer",
        "ledger.ledger__items",
        "main.data_dictionary",
        "main.published_rules",
        "main.published_run",
        "marts.leakage__findings",
    ]
    assert query(folder, "select run_id, tables from published_run") == [("run-1", 3)]


def test_types_stay_exact(warehouse: Path, folder: Path):
    publish(warehouse, folder, "run-1")
    assert query(folder, "select sum(amount), typeof(any_value(amount)) from canonical.customer") == [
        (2500, "DECIMAL(18,4)")
    ]


def test_what_was_documented_is_in_comments_and_dictionary(warehouse: Path, folder: Path):
    publish(warehouse, folder, "run-1")
    assert query(folder, "select comment from duckdb_tables() where table_name = 'customer'") == [
        ("Who is billed; it's one row per party.",)
    ]
    entry = "select description, table_description, data_type from data_dictionary where table_name = 'customer'"
    assert query(folder, entry + " and column_name = 'amount'") == [
        ("Amount in EUR", "Who is billed; it's one row per party.", "DECIMAL(18,4)")
    ]
    described = {
        row[0] for row in query(folder, "select distinct schema_name || '.' || table_name from data_dictionary")
    }
    assert described == set(TABLES)


def test_parquet_says_the_same(warehouse: Path, folder: Path):
    done = publish(warehouse, folder, "run-1")
    current = folder / "parquet" / "current"
    assert current.resolve() == done.parquet.resolve()
    for table in TABLES:
        file = current / f"{table.replace('.', '/')}.parquet"
        assert duckdb.sql(f"select count(*), sum(amount) from '{file}'").fetchall() == [(2000, 2500)]
    assert duckdb.sql(f"select run_id from '{current}/published_run.parquet'").fetchall() == [("run-1",)]


def test_the_copy_is_read_only(warehouse: Path, folder: Path):
    publish(warehouse, folder, "run-1")
    assert (folder / DATABASE).stat().st_mode & 0o222 == 0


def test_a_missing_warehouse_publishes_nothing(tmp_path: Path, folder: Path):
    with pytest.raises(PublishError, match="no warehouse"):
        publish(tmp_path / "none.duckdb", folder, "run-1")
    assert not folder.exists()


def test_an_empty_warehouse_leaves_the_last_good_copy(warehouse: Path, folder: Path, tmp_path: Path):
    publish(warehouse, folder, "run-1")
    duckdb.connect(tmp_path / "empty.duckdb").close()
    with pytest.raises(PublishError, match="no table"):
        publish(tmp_path / "empty.duckdb", folder, "run-2")
    assert query(folder, "select run_id from published_run") == [("run-1",)]
    assert files_of(folder) == {"run-1"}


def test_a_publication_that_breaks_off_leaves_the_last_good_copy(
    warehouse: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    publish(warehouse, folder, "run-1")

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("orchestration.publish._write_parquet", full)
    with pytest.raises(PublishError, match=r"no space left on device.*last good copy stays"):
        publish(warehouse, folder, "run-2")
    assert query(folder, "select run_id from published_run") == [("run-1",)]
    assert (folder / "parquet" / "current").resolve().name == "run-1"
    assert files_of(folder) == {"run-1"}


def old_client() -> str:
    """A Python with an older DuckDB client, made once; this one where no package index can be reached."""
    home = Path(tempfile.gettempdir()) / f"leakage-duckdb-{OLD_CLIENT}"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        try:
            subprocess.run(["uv", "venv", "-q", "--clear", str(home)], check=True, timeout=60)
            install = ["uv", "pip", "install", "-q", "--python", str(python), f"duckdb=={OLD_CLIENT}"]
            subprocess.run(install, check=True, timeout=120)
        except (OSError, subprocess.SubprocessError) as error:
            warnings.warn(
                f"duckdb {OLD_CLIENT} cannot be installed, reading with the present client: {error}", stacklevel=2
            )
            return sys.executable
        (home / "ready").touch()
    return str(python)


def test_an_older_client_never_sees_an_error_or_two_runs_at_once(warehouse: Path, folder: Path, tmp_path: Path):
    publish(warehouse, folder, "run-1")
    stop = tmp_path / "stop"
    command = [old_client(), "-c", READER, str(folder), str(stop), ",".join(TABLES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        assert reader.stdout and reader.stderr
        first = reader.stdout.readline()
        for number in range(2, PUBLICATIONS):
            build(warehouse, f"run-{number}")
            publish(warehouse, folder, f"run-{number}")
        stop.touch()
        rest, errors = reader.stdout.read().splitlines(), reader.stderr.read()
        assert reader.wait() == 0, errors
    version, reads, runs = [first, *rest][-1].split()
    assert version == (OLD_CLIENT if command[0] != sys.executable else duckdb.__version__)
    assert int(reads) > int(runs) > 1


def graph(failing: list[bool]) -> dg.Definitions:
    """One canonical asset with a blocking check that fails while ``failing`` holds True, and the snapshot below it."""

    @dg.asset(key=["canonical", "customer"])
    def customer() -> None: ...

    @dg.asset_check(asset=customer, blocking=True)
    def totals_agree() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=not failing[0], severity=dg.AssetCheckSeverity.ERROR)

    built = dg.Definitions(assets=[customer], asset_checks=[totals_agree])
    found = built.resolve_asset_graph()
    return dg.Definitions.merge(
        built,
        publishing(found.get_all_asset_keys(), found.asset_check_keys, Freshness()),
        dg.Definitions(
            jobs=[
                dg.define_asset_job("everything", dg.AssetSelection.all()),
                dg.define_asset_job("snapshot_alone", dg.AssetSelection.assets(BI_SNAPSHOT)),
            ]
        ),
    )


def test_a_failed_check_publishes_nothing(
    warehouse: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("orchestration.defs.publishing.assets.published_texts", lambda: TEXTS)
    failing = [True]
    definitions = graph(failing)
    publish(warehouse, folder, "good")
    with dg.DagsterInstance.ephemeral() as instance:

        def run(job: str) -> dg.ExecuteInProcessResult:
            return definitions.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False)

        assert not run("everything").asset_materializations_for_node("published__bi_snapshot")
        assert query(folder, "select run_id from published_run") == [("good",)]
        # Nobody gets around the check by materialising the snapshot alone.
        alone = run("snapshot_alone")
        assert not alone.success
        (failure,) = [e for e in alone.all_events if e.is_step_failure]
        assert "totals_agree" in str(failure.step_failure_data.user_failure_data.description)
        assert query(folder, "select run_id from published_run") == [("good",)]
        failing[0] = False
        passed = run("everything")
        assert passed.success
        assert query(folder, "select run_id from published_run") == [(passed.run_id,)]


def test_bad_data_found_by_a_load_hold_back_the_build_that_follows(
    warehouse: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("orchestration.defs.publishing.assets.published_texts", lambda: TEXTS)
    severity = [dg.AssetCheckSeverity.ERROR]

    @dg.asset(key=["raw", "acme", "times"])
    def times() -> None: ...

    @dg.asset_check(asset=times, blocking=True)
    def boundary() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, severity=severity[0])

    @dg.asset(key=["canonical", "time_entry"], deps=[times])
    def time_entry() -> None: ...

    built = dg.Definitions(assets=[times, time_entry], asset_checks=[boundary])
    found = built.resolve_asset_graph()
    load, build = dg.AssetSelection.key_prefixes("raw"), dg.AssetSelection.all() - dg.AssetSelection.key_prefixes("raw")
    definitions = dg.Definitions.merge(
        built,
        publishing(found.get_all_asset_keys(), found.asset_check_keys, Freshness()),
        dg.Definitions(jobs=[dg.define_asset_job("load", load), dg.define_asset_job("build", build)]),
    )
    publish(warehouse, folder, "good")
    with dg.DagsterInstance.ephemeral() as instance:

        def run(job: str) -> dg.ExecuteInProcessResult:
            return definitions.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False)

        run("load")
        held_back = run("build")
        assert held_back.asset_materializations_for_node("canonical__time_entry"), "what is good is built"
        assert query(folder, "select run_id from published_run") == [("good",)]
        severity[0] = dg.AssetCheckSeverity.WARN
        run("load")
        passed = run("build")
        assert query(folder, "select run_id from published_run") == [(passed.run_id,)]
