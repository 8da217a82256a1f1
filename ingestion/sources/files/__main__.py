"""``python -m ingestion.sources.files``: load the file drops alone."""

from ingestion.source import run_alone

run_alone("files")
