"""Load Workday alone: ``python -m ingestion.sources.workday``."""

from ingestion.source import run_alone
from ingestion.sources.workday.settings import SYSTEM

if __name__ == "__main__":
    run_alone(SYSTEM)
