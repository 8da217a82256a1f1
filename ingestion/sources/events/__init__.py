"""Events that vendors and middleware send: a gateway that receives them, a durable inbox, and their way into raw."""

from __future__ import annotations

from ingestion.sources.events.draining import drain, source, waiting_events
from ingestion.sources.events.schema import OBJECTS

__all__ = ["OBJECTS", "drain", "source", "waiting_events"]
