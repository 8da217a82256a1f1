"""One object that its vendor refuses, as Dagster shows it: that asset is not made, the others are, and all are checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ingestion.registry import SYSTEMS
from ingestion.sandbox.server import Fault
from orchestration.defs.ingestion.assets import load_assets
from orchestration.defs.publishing.assets import failed_checks
from orchestration.lib.freshness import Freshness
from orchestration.lib.loader import Loader
from orchestration.lib.names import raw_key
from tests.sandbox.running import LATER, Running, running, small_firm, touched

SYSTEM = SYSTEMS["coupa"]
REFUSED, OTHER = raw_key(SYSTEM.name, "suppliers"), raw_key(SYSTEM.name, "purchase_orders")
BOUNDARY = [dg.AssetCheckKey(key, "boundary") for key in (REFUSED, OTHER)]
LOAD = load_assets(SYSTEM, Freshness(), expect_rows=False)


class Impatient(Loader):
    """A failed step is not tried again."""

    may_repeat = False


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    with running(SYSTEM.name, tmp_path) as found:
        yield found


def load(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """Materialize two of the objects, with their checks."""
    return dg.materialize(
        [LOAD], instance=instance, resources={"loader": Impatient()}, selection=[REFUSED, OTHER], raise_on_error=False
    )


def test_the_others_are_loaded_and_checked(served: Running) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        served.server.faults.append(Fault(SYSTEM.name, "status", path="/api/suppliers", skip=1, times=1, status=400))
        result = load(instance)
        assert {event.asset_key for event in result.get_asset_materialization_events()} == {OTHER}
        checked = {(found.asset_key, found.passed) for found in result.get_asset_check_evaluations()}
        assert checked == {(REFUSED, True), (OTHER, True)}
        (failure,) = (event for event in result.all_events if event.is_step_failure)
        said = failure.step_failure_data.user_failure_data
        assert said and str(said.description).startswith(
            "coupa: 1 of 2 objects could not be read, the others are loaded: suppliers (coupa: http"
        )
        assert failed_checks(instance, BOUNDARY) == [], "it stops nobody's publication"


def test_an_impossible_value_holds_back_until_the_vendor_has_corrected_it(served: Running) -> None:
    """Also over a day on which the vendor is down: what the check found still stands in raw."""
    impossible = [dg.AssetCheckKey(OTHER, "boundary")]
    with dg.DagsterInstance.ephemeral() as instance:
        served.vendor.tamper["purchase_orders"] = lambda record: record | {"currency": {"code": "EURO"}}
        load(instance)
        assert failed_checks(instance, BOUNDARY) == impossible
        down = Fault(SYSTEM.name, "status", times=1000, status=503)
        served.server.faults.append(down)
        assert not load(instance).success
        assert failed_checks(instance, BOUNDARY) == impossible
        served.server.faults.remove(down)
        served.vendor.tamper.clear()
        served.world.replace_facts(touched(small_firm(), LATER), LATER)
        assert load(instance).success
        assert failed_checks(instance, BOUNDARY) == []
