"""What the project keeps itself: the outcome of each load, and tables that dbt and Python create alike."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from ingestion import warehouse as turns
from ingestion.config import ConfigurationError
from ingestion.http.errors import CredentialsError, PartialLoadError, PermanentError, TransientError
from ingestion.warehouse import exclusive
from orchestration import control
from orchestration.lib import loader
from orchestration.lib.attempts import record_attempt
from tests.unit.test_cli import built, data_dir

__all__ = ["built", "data_dir"]


@pytest.mark.parametrize(
    ("error", "status", "error_class", "is_transient", "detail"),
    [
        (None, "succeeded", None, False, None),
        (TransientError("psa1: no answer"), "failed", "transient", True, "psa1: no answer"),
        (PermanentError("psa1: no permission"), "failed", "permanent", False, "psa1: no permission"),
        (CredentialsError("psa1: refused"), "failed", "credentials", False, "psa1: refused"),
        (
            PartialLoadError("psa1", {"times": "no permission"}, 3),
            "partial",
            "partial",
            False,
            "psa1: 1 of 3 objects could not be read, the others are loaded: times (no permission)",
        ),
        (
            ValueError("password=s3cret"),
            "failed",
            "unexpected",
            False,
            "psa1: the load ended unexpectedly (ValueError); see the run's log",
        ),
    ],
)
def test_every_attempt_to_load_is_kept_with_its_outcome(
    built: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception | None,
    status: str,
    error_class: str | None,
    is_transient: bool,
    detail: str | None,
) -> None:
    def run(system: str, objects: object, whole: bool) -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(loader, "run", run)
    before = datetime.now(UTC).replace(tzinfo=None)
    try:
        loader.Loader().load("psa1", ())
    except Exception as raised:
        assert raised is error and status == "failed"
    (kept,) = control.read("load_attempt", "the outcome")
    names = ("source_system", "status", "error_class", "is_transient", "detail")
    assert tuple(kept[name] for name in names) == ("psa1", status, error_class, is_transient, detail)
    assert before <= kept["started_at"] <= kept["ended_at"]


def test_the_first_load_of_all_may_fail(data_dir: Path) -> None:
    record_attempt("psa1", datetime.now(UTC), TransientError("psa1: no answer"))
    assert [row["detail"] for row in control.read("load_attempt", "the outcome")] == ["psa1: no answer"]


def test_a_load_whose_outcome_cannot_be_kept_is_still_what_it_was(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.1)
    with exclusive(data_dir / "warehouse.duckdb"):
        record_attempt("psa1", datetime.now(UTC))
    assert "the outcome of the load of psa1 was not kept" in caplog.text
    assert "another run has kept the warehouse busy" in caplog.text


def test_a_decision_needs_a_warehouse(data_dir: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no warehouse to keep the decision in; type `leakage run`"):
        control.append("finding_decision", [{"decision_id": "d"}], "the decision")


def test_rows_are_kept_all_or_none(built: Path) -> None:
    with pytest.raises(duckdb.Error):
        control.append("alert_event", [{"alert_id": "a"}, {"no_such_column": "b"}], "what was sent")
    assert control.read("alert_event", "what was sent") == []


def test_another_program_at_the_warehouse_is_named(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: object, **__: object) -> None:
        raise duckdb.IOException("Could not set lock on file")

    monkeypatch.setattr(duckdb, "connect", taken)
    with pytest.raises(ConfigurationError, match="another program has it open; close that and try again"):
        control.append("alert_event", [], "what was sent")
