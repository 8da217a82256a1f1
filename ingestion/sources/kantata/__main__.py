"""Load Kantata OX alone: ``python -m ingestion.sources.kantata``."""

from ingestion.source import run_alone

run_alone("kantata")
