"""Where Dagster keeps its history: files of the data directory, or PostgreSQL where it is configured.

[dagster]                         # in .dlt/secrets.toml, or DAGSTER__POSTGRES_URL
postgres_url = "postgresql://dagster:password@db.example/dagster"
"""

# Annotations are evaluated here: dlt reads them when it resolves the settings.
from importlib.util import find_spec

import dlt
from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.configuration.specs import BaseConfiguration

from ingestion.config import ConfigurationError

# By this name storage/postgres.yaml finds the address, in this process and in those that it starts.
VARIABLE = "DAGSTER__POSTGRES_URL"


@configspec
class DagsterStorage(BaseConfiguration):
    """``postgres_url`` is an address as libpq takes it; the database is there, its tables are made."""

    postgres_url: dlt.TSecretStrValue | None = None


def postgres_url() -> str | None:
    """The configured address; raises ConfigurationError when it cannot be used here."""
    try:
        found = resolve_configuration(DagsterStorage(), sections=("dagster",)).postgres_url
    except ConfigurationException:
        raise ConfigurationError(
            f"dagster: postgres_url cannot be read; write {VARIABLE} as postgresql://..."
        ) from None
    if found and find_spec("dagster_postgres") is None:
        raise ConfigurationError(
            "dagster: postgres_url is set, but dagster-postgres is missing; install leakage[postgres]"
        )
    return str(found) if found else None
