"""SAP Concur: when and why an expense was sent back arrives at the canonical model exactly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ingestion import pipelines
from ingestion.sandbox.facts import Expense, Facts, Project, Resource
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.world import World
from tests.sandbox.built import build, table

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
SUBMITTED_AT = datetime(2026, 4, 1, 9, tzinfo=UTC)
REJECTED_AT = datetime(2026, 4, 2, 10, 0, 1, 980_000, tzinfo=UTC)
EDITED_AT = datetime(2026, 4, 3, 8, tzinfo=UTC)
Rejection = tuple[str, datetime | None, str | None]
SHAPES = 12  # of one state, so many that each of the ways in which Concur shows an expense is among them


def expense(fact_id: str, **changed: Any) -> Expense:
    """An expense of Ann's that was submitted."""
    values = {
        "id": fact_id, "project": "P-1", "resource": "ANN", "spent_on": date(2026, 3, 5), "amount": "12.34",
        "currency": "EUR", "status": "submitted", "submitted_at": SUBMITTED_AT,
    }  # fmt: skip
    return Expense(**(values | changed))


def firm() -> Facts:
    """Expenses of one person in one month, so only their states keep their reports apart."""
    rejection = {"status": "rejected", "rejected_at": REJECTED_AT, "rejected_reason": "missing_receipt"}
    return Facts(
        projects=[Project(id="P-1", name="Alpha", code="ALPHA1")],
        resources=[Resource(id="ANN", name="Ann", email="ann@firm.example")],
        expenses=[
            *(expense(f"REJECTED-{n}", **rejection) for n in range(SHAPES)),
            expense("POLICY", **rejection | {"rejected_reason": "policy", "updated_at": EDITED_AT}),
            expense("AGAIN", rejected_at=REJECTED_AT, rejected_reason="policy", submitted_at=EDITED_AT),
            expense("UNDATED", status="rejected", updated_at=EDITED_AT),
            expense("PLAIN"),
        ],
    )


@pytest.fixture(scope="module")
def rejections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rejection]]:
    """(status, when, why) of each expense by its fact's id, in the mapping and in the canonical model, which agree."""
    home = tmp_path_factory.mktemp("built")
    with SandboxServer(World(firm(), NOW, {"expense": "concur"})) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in (server.credentials() | {"LEAKAGE_DATA_DIR": str(home)}).items():
            patch.setenv(name, value)
        pipelines.run("concur")
        build(home, "expense", "concur", "expense_item")
        vendor = server.world.vendors["concur"]
        assert vendor.tables()["itemizations"] and vendor.tables()["allocations"]
    found, again = (
        {key: (row["status"], row["rejected_at"], row["rejection_reason"]) for key, row in table(home, model).items()}
        for model in ("mapping.map_concur__expense_item", "canonical.expense_item")
    )
    assert found == again
    yield {e.id: found[vendor.external_id("expenses", e.id)] for e in firm().expenses}


def test_a_rejection_has_its_moment_and_code_however_the_expense_is_shown(rejections):
    found = {rejections[f"REJECTED-{n}"] for n in range(SHAPES)}
    assert found == {("rejected", REJECTED_AT.replace(tzinfo=None), "missing_receipt")}


def test_a_later_edit_does_not_move_it(rejections):
    assert rejections["POLICY"] == ("rejected", REJECTED_AT.replace(tzinfo=None), "policy")


def test_it_stays_known_after_a_new_submission(rejections):
    assert rejections["AGAIN"] == ("submitted", REJECTED_AT.replace(tzinfo=None), "policy")


def test_without_a_moment_of_its_own_it_is_the_last_modification(rejections):
    assert rejections["UNDATED"] == ("rejected", EDITED_AT.replace(tzinfo=None), None)


def test_what_was_never_sent_back_says_nothing(rejections):
    assert rejections["PLAIN"] == ("submitted", None, None)
