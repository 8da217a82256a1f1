"""Who may send: the systems of the registry that have a receiver of their own, and the senders that are configured."""

from __future__ import annotations

import re

from ingestion.config import ConfigurationError
from ingestion.registry import SYSTEMS
from ingestion.sources.events.generic import GenericReceiver
from ingestion.sources.events.receiver import Receiver
from ingestion.sources.events.settings import EventSettings

_SENDER = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def configured_receivers(conf: EventSettings, *, may_be_none: bool = False) -> dict[str, Receiver]:
    """Sender -> receiver, for all who have a secret; raises ConfigurationError for one that cannot be used, or for none.

    A sender without a secret is not served at all.
    """
    own = {name: spec.receiver() for name, spec in SYSTEMS.items() if spec.sends_events}
    found = {name: receiver for name, receiver in own.items() if receiver is not None}
    for name, secrets in (conf.senders or {}).items():
        if not _SENDER.fullmatch(name):
            raise ConfigurationError(f"events: sender {name!r} must be lower-case letters, digits, _ and -")
        if name in own:
            raise ConfigurationError(
                f"events: {name} has a receiver of its own; configure its secrets in sources.{name}"
            )
        found[name] = GenericReceiver(name, secrets)
    if not found and not may_be_none:
        raise ConfigurationError(
            "events: no sender has a secret; set SOURCES__EVENTS__SENDERS or [sources.events.senders] in "
            ".dlt/secrets.toml, or a system's own (see ingestion/sources/events/README.md)"
        )
    return found
