"""The dbt command on the project as it was parsed before: ``python -m orchestration.lib.dbt_command build ...``.

dbt's own partial parsing starts from nothing wherever the warehouse lies in another folder (25 to 40 seconds), and takes
eight where nothing changed. The file of the parsed project is the one that dbt itself would take,
``DBT_PARTIAL_PARSE_FILE_PATH``; without it this is plain dbt.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

PARSED = "DBT_PARTIAL_PARSE_FILE_PATH"


def main() -> int:
    """Run dbt with the arguments of this process; exit codes are dbt's: 0 done, 1 something failed, 2 not even begun."""
    from dbt.cli.main import dbtRunner

    # Not left to dbt, which would stop at a file that has gone since and parse for one that is there.
    parsed = Path(os.environ.pop(PARSED, ""))
    done = dbtRunner(manifest=read(parsed) if parsed.is_file() else None).invoke(sys.argv[1:])
    if done.exception is not None:
        print(done.exception, file=sys.stderr)
        return 2
    return 0 if done.success else 1


def read(file: Path) -> Any:
    """The manifest of a ``partial_parse.msgpack``, as dbt itself reads one."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    manifest = Manifest.from_msgpack(file.read_bytes(), decoder=extended_mashumuro_decoder)  # type: ignore[attr-defined]
    manifest.build_flat_graph()
    return manifest


if __name__ == "__main__":
    sys.exit(main())
