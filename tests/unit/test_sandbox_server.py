"""The stand-ins' server itself: encryption for clients that insist on it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from ingestion.sandbox.facts import Facts
from ingestion.sandbox.server import SandboxServer
from ingestion.sandbox.world import World

NOW = datetime(2026, 4, 30, 12, tzinfo=UTC)


def test_tls_is_trusted_through_its_own_authority_alone_and_leaves_nothing_behind() -> None:
    with SandboxServer(World(Facts(), NOW, {"crm": "salesforce"}), tls=True) as sandbox:
        ca_file = Path(sandbox.ca_file)
        session = requests.Session()
        session.trust_env = False
        answer = session.get(f"{sandbox.url}/salesforce/services/data", verify=str(ca_file), timeout=10)
        assert sandbox.url.startswith("https://")
        assert answer.status_code < 500
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"{sandbox.url}/salesforce/services/data", timeout=10)
    assert not ca_file.exists()
