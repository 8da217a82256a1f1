"""Turns at the warehouse: processes and threads wait for each other, not for ever."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import duckdb
import pytest

from ingestion import warehouse as turns
from ingestion.http.errors import TransientError
from ingestion.warehouse import exclusive

# Has the warehouse until told to go on, then writes its name and gives it up.
HOLDER = """
import sys, duckdb
from pathlib import Path
from ingestion.warehouse import exclusive
with exclusive(Path(sys.argv[1])):
    print("has it", flush=True)
    sys.stdin.readline()
    with duckdb.connect(sys.argv[1]) as connection:
        connection.execute("create table written (writer varchar)")
        connection.execute("insert into written values ('the other process')")
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "data" / "warehouse.duckdb"


@contextmanager
def another_process(warehouse: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, str(warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "has it\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_waits_until_the_first_is_done(warehouse: Path):
    with another_process(warehouse) as process:
        assert process.stdin
        process.stdin.write("go on\n")
        process.stdin.flush()
        with exclusive(warehouse), duckdb.connect(str(warehouse)) as connection:
            assert connection.execute("select * from written").fetchall() == [("the other process",)]
        assert process.wait() == 0


def test_waiting_ends_in_one_sentence(warehouse: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.2)
    with another_process(warehouse):
        with (
            pytest.raises(TransientError, match="busy for 0 seconds; wait for it to end") as late,
            exclusive(warehouse),
        ):
            pytest.fail("two had it at once")
        assert "\n" not in str(late.value)


def test_who_dies_gives_it_up(warehouse: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 10)
    with another_process(warehouse) as process:
        process.kill()
        process.wait()
        with exclusive(warehouse):
            assert not warehouse.exists()


def test_threads_take_turns_too(warehouse: Path):
    inside: list[str] = []

    def take_turns(name: str) -> None:
        for _ in range(5):
            with exclusive(warehouse):
                inside.append(name)
                time.sleep(0.001)
                assert inside.pop() == name and not inside

    failed: list[BaseException] = []

    def work(name: str) -> None:
        try:
            take_turns(name)
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
