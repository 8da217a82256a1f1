"""``python -m ingestion.sources.hubspot`` loads HubSpot alone."""

from ingestion.source import run_alone

run_alone("hubspot")
