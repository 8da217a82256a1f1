"""``python -m ingestion.sources.events`` drains the inbox into raw."""

import sys

from ingestion.http.errors import SourceError
from ingestion.sources.events import drain

try:
    print(f"{drain():,} events drained")
except SourceError as error:
    sys.exit(str(error))
