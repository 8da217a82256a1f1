"""``python -m ingestion.sources.dynamics365``: load Dynamics 365 alone."""

from ingestion.source import run_alone

run_alone("dynamics365")
