"""What this source assumes of a drop folder; what differs per folder is configured, see README.md."""

from __future__ import annotations

SYSTEM = "files"

INBOX, PROCESSING, ARCHIVE, QUARANTINE = "inbox", "processing", "archive", "quarantine"

STABLE_SECONDS = 2.0
"""A file is complete when its size and time have not changed for this long."""
UNFINISHED = (".part", ".filepart", ".partial", ".tmp", ".temp", ".crdownload", ".writing")
"""Endings that a file carries while it is being written."""
MAX_FILE_BYTES = 256 << 20
"""A larger file is refused: it would be read into memory as a whole."""
MIN_GUARDED_RECORDS, MIN_SNAPSHOT_SHARE = 20, 0.5
"""A snapshot with less than this share of the records of the last one is a broken export, not a mass deletion."""
HEADER_ROWS = 30
"""A workbook's header is looked for in this many rows."""
SIGNIFICANT_DIGITS = 15
"""What a spreadsheet keeps of a number; the digits beyond are noise of binary fractions."""

SFTP_TIMEOUT_SECONDS = 30.0
SFTP_ATTEMPTS = 3
SFTP_BACKOFF_SECONDS = 1.0

_WHOLE = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
MINOR_UNITS = dict.fromkeys(_WHOLE, 0) | dict.fromkeys(_THREE, 3)
"""Decimals of a currency where they are not 2: BAI2 writes amounts without a point."""
BAI2_DEFAULT_CURRENCY = "USD"
BAI2_RETURNS = frozenset(("257", "258", "423", "468", "552", "555", "557", "558", "566", "568", "694"))
"""BAI2 type codes of money that comes back: returned and reversed payments."""
