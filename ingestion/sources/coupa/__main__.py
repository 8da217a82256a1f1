"""Load Coupa alone: ``python -m ingestion.sources.coupa``."""

from ingestion.source import run_alone
from ingestion.sources.coupa.settings import SYSTEM

if __name__ == "__main__":
    run_alone(SYSTEM)
