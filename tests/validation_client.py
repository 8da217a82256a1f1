"""Who asks the validation interface in tests: with a key of every scope, on a register that a test may publish anew."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import duckdb
from starlette.testclient import TestClient

from orchestration.publications import DATABASE
from orchestration.validation.app import validation_app
from orchestration.validation.keys import SCOPES, Keys, hashed, new_key
from orchestration.validation.snapshot import Snapshot

KEY = new_key()
KEYS = Keys({"tester": [hashed(KEY)]}, {"tester": SCOPES})
MANY = 1e9


class Client:
    """Asks an interface on the register published in ``folder``; an answer with a float in it is an error."""

    def __init__(self, folder: Path) -> None:
        self.app = validation_app(Snapshot(folder), KEYS, MANY)
        self._http = TestClient(self.app, headers={"Authorization": f"Bearer {KEY}"})

    def get(self, path: str, **query: str) -> Any:
        return self.ask("GET", path, params=query)

    def post(self, path: str, **question: Any) -> Any:
        return self.ask("POST", path, json=question)

    def ask(self, method: str, path: str, status: int = 200, **request: Any) -> Any:
        answer = self._http.request(method, path, **request)
        assert answer.status_code == status, answer.text
        return json.loads(answer.text, parse_float=_refused)


def _refused(text: str) -> None:
    raise AssertionError(f"{text} is a float")


def publish(source: Path, folder: Path, *statements: str) -> None:
    """Swap the register of ``source`` in as that of ``folder``, with what ``statements`` change, as a run does."""
    folder.mkdir(exist_ok=True)
    aside = folder / ".aside.duckdb"
    shutil.copyfile(source / DATABASE, aside)
    with duckdb.connect(str(aside)) as connection:
        for statement in statements:
            connection.execute(statement)
    os.replace(aside, folder / DATABASE)


def outcomes(answer: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    """Check -> outcome and reason."""
    return {check["check"]: (check["outcome"], check["reason"]) for check in answer["checks"]}
