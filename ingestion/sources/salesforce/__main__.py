"""``python -m ingestion.sources.salesforce`` loads Salesforce alone."""

from ingestion.source import run_alone

run_alone("salesforce")
