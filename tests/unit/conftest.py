"""What tests of single modules start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.policies import SEEDS


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The firm's own policies, to which a test adds."""
    path = tmp_path / "policies.csv"
    path.write_bytes((SEEDS / "policies.csv").read_bytes())
    monkeypatch.setenv("LEAKAGE_POLICIES_DIR", str(tmp_path))
    return path
