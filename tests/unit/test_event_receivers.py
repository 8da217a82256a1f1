"""Receivers on their own: their settings, and that nothing unforeseen passes them or makes them fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.config import ConfigurationError
from ingestion.sources.events.receiver import Refused, Request, Unreadable, named
from ingestion.sources.events.senders import configured_receivers
from ingestion.sources.events.settings import event_settings
from tests import gateway_senders as senders
from tests.gateway_senders import NEW, PUBLIC_URL, SENDERS, Sender, now
from tests.gateway_server import receiver_of


@pytest.fixture(autouse=True)
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKAGE_DATA_DIR", str(tmp_path))
    for name, value in senders.environment().items():
        monkeypatch.setenv(name, value)


# --- settings


def test_a_sender_without_a_secret_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in senders.environment():
        monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match="no sender has a secret"):
        configured_receivers(event_settings())
    monkeypatch.setenv("SOURCES__DYNAMICS365__WEBHOOK_KEYS", json.dumps([senders.shared_secret(NEW)]))
    assert list(configured_receivers(event_settings())) == ["dynamics365"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "SOURCES__EVENTS__SENDERS",
            {"netsuite": ["whsec_c2hvcnQ="]},
            "netsuite: its secrets has an entry that is neither",
        ),
        ("SOURCES__EVENTS__SENDERS", {"netsuite": ["whsec_%"]}, "netsuite: its secrets has an entry that is neither"),
        ("SOURCES__EVENTS__SENDERS", {"netsuite": []}, "netsuite: its secrets must be a list of secrets"),
        ("SOURCES__EVENTS__SENDERS", {"Net Suite": ["x"]}, "sender 'Net Suite' must be lower-case letters"),
        ("SOURCES__EVENTS__SENDERS", {"hubspot": ["x"]}, "hubspot has a receiver of its own"),
        ("SOURCES__HUBSPOT__WEBHOOK_SECRETS", ["short"], "webhook_secrets has a secret of fewer than 16 bytes"),
        ("SOURCES__CONCUR__WEBHOOK_PUBLIC_KEYS", ["-----BEGIN"], "an entry that is no RSA public key"),
        ("SOURCES__CONCUR__WEBHOOK_HASH", "md5", "webhook_hash must be one of sha256"),
        ("SOURCES__SALESFORCE__ORGANIZATION_ID", "00D", "outbound_tokens needs organization_id"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    name: str, value: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value if isinstance(value, str) else json.dumps(value))
    with pytest.raises(ConfigurationError, match=message) as refusal:
        configured_receivers(event_settings())
    assert not any(secret in str(refusal.value) for secret in ("short", "c2hvcnQ=", "-----BEGIN"))


# --- anything at all

_FIELDS = ("id", "type", "time", "timeStamp", "topic", "facts", "payload", "OperationCreatedOn", "eventId", "subject")


def _nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Arrays, and objects that have fields which the receivers read."""
    return st.lists(children, max_size=3) | st.dictionaries(st.sampled_from(_FIELDS), children, max_size=4)


_header = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=60)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(SENDERS), st.dictionaries(st.integers(0, 8), _header, min_size=1), st.binary(max_size=60))
def test_no_header_and_no_body_pass_without_proof(sender: Sender, values: dict[int, str], body: bytes) -> None:
    right = sender.call(NEW, now(), 1)
    names = [name for name in right.headers if name != "content-type"]
    headers = dict(right.headers)
    for position, value in values.items():
        if names:
            headers[names[position % len(names)]] = value
    path = right.path.partition("?")[0]
    request = Request("POST", PUBLIC_URL + path, headers, body, now())
    with pytest.raises(Refused) as refused:
        receiver_of(right).verify(request)
    assert refused.value.status == 401


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(SENDERS), st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), _nested))
def test_whatever_is_proven_is_read_or_kept(sender: Sender, content: Any) -> None:
    right = sender.call(NEW, now(), 1)
    told = json.loads(right.body) if right.body[:1] in b"[{" else None
    mixed = told | content if isinstance(told, dict) and isinstance(content, dict) else content
    body = json.dumps(mixed).encode()
    request = Request("POST", PUBLIC_URL + right.path, right.headers, body, now())
    try:
        events = [named(event) for event in receiver_of(right).events(request)]
    except (Refused, Unreadable):
        return
    assert all(event.event_id for event in events)
