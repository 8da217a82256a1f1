"""Load Concur alone: ``python -m ingestion.sources.concur``."""

from ingestion.source import run_alone
from ingestion.sources.concur.settings import SYSTEM

if __name__ == "__main__":
    run_alone(SYSTEM)
