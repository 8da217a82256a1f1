"""``python -m ingestion.sources.netsuite``: load NetSuite alone."""

from ingestion.source import run_alone

run_alone("netsuite")
