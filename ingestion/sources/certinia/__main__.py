"""``python -m ingestion.sources.certinia`` loads Certinia PSA alone."""

from ingestion.source import run_alone

run_alone("certinia")
