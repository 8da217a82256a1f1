"""Certinia PSA as a sender: it is an org, and sends as orgs do."""

from __future__ import annotations

from ingestion.sources.certinia.settings import SYSTEM
from ingestion.sources.events.receiver import Receiver
from ingestion.sources.salesforce import events


def receiver() -> Receiver | None:
    """The org that Certinia runs in, as a sender; None when nothing is configured."""
    return events.receiver(SYSTEM)
