"""Whatever is asked, the answer is one that the OpenAPI document describes; schemathesis makes the questions from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.generation.modes import GenerationMode
from starlette.applications import Starlette
from starlette.routing import Mount

from orchestration.validation.snapshot import Snapshot
from tests.validation_client import KEY, Client

EXAMPLES = 12


@pytest.fixture(scope="module")
def known(shared_firm: Path) -> dict[str, str]:
    """Names that the register knows, by the fields of questions."""
    with Snapshot(shared_firm / "published").reading() as reader:
        found = reader.row(
            "select project_id, resource_id as person, contract_line_id, customer_id from canonical.time_entry"
            " where contract_line_id is not null order by time_entry_id limit 1"
        )
    assert found is not None
    return found


@pytest.fixture(scope="module")
def interface(shared_firm: Path, known: dict[str, str]) -> Any:
    app = Starlette(routes=[Mount("/v1", Client(shared_firm / "published").app)])
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app)

    def name_what_is_known(context: Any, case: Any) -> Any:
        # Every other question that can be read is about what there is, or none would come further than to its names.
        if case.meta.generation.mode is not GenerationMode.POSITIVE:
            return case
        ids = {"id": known["customer_id" if "customers" in case.path else "project_id"], **known}
        for part in (case.body, case.query, case.path_parameters):
            if isinstance(part, dict) and len(repr(part)) % 2:
                part.update({name: value for name, value in ids.items() if isinstance(part.get(name), str)})
        return case

    schema.hook("map_case")(name_what_is_known)
    return schema


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(
    "operation",
    [
        "GET /customers/{id}",
        "GET /projects/{id}",
        "GET /rates",
        "POST /validate/time-entry",
        "POST /validate/expense",
        "POST /validate/project",
    ],
)
def test_every_answer_is_described(operation: str, mode: GenerationMode, interface: Any) -> None:
    method, path = operation.split()

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=interface[path][method].as_strategy(mode))
    def ask(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"})

    ask()
