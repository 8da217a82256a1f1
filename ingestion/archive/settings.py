"""Where the archive lies and how long it is kept: ``[archive]`` in ``.dlt/config.toml``, or ``ARCHIVE__...``."""

# Annotations are evaluated here: dlt reads them when it resolves the settings.
from typing import TypeVar

from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.configuration.specs import BaseConfiguration

from ingestion.archive.store import FsspecStore, LocalStore, Store
from ingestion.config import ConfigurationError, settings

Spec = TypeVar("Spec", bound=BaseConfiguration)


@configspec
class ArchiveSettings(BaseConfiguration):
    """``bucket_url`` is a folder (default: ``archive`` in the data directory) or an address of any fsspec filesystem.

    The latter has its ``credentials`` beside it, named as in dlt's filesystem destination.
    """

    bucket_url: str | None = None
    keep_days: int | None = None
    """Days after which ``leakage audit prune`` may forget what was sent; None keeps everything."""


def archive_settings() -> ArchiveSettings:
    """The configured settings; raises ConfigurationError when they cannot be used."""
    found = _resolved(ArchiveSettings())
    if found.keep_days is not None and found.keep_days < 1:
        raise ConfigurationError(f"archive: keep_days is {found.keep_days}; set it to 1 or more, or leave it out")
    return found


def open_store() -> Store:
    """The configured archive; raises ConfigurationError when its filesystem cannot be used."""
    place = archive_settings().bucket_url or str(settings().data_dir / "archive")
    if "://" not in place or place.startswith("file://"):
        return LocalStore.at(place)
    from dlt.common.exceptions import MissingDependencyException
    from dlt.common.storages import FilesystemConfiguration, fsspec_from_config

    try:
        filesystem, root = fsspec_from_config(_resolved(FilesystemConfiguration()))
    except (MissingDependencyException, ImportError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigurationError(
            f"archive: {place.partition('://')[0]}:// cannot be used ({reason}); install its fsspec filesystem or "
            "correct bucket_url of [archive] in .dlt/config.toml (ARCHIVE__BUCKET_URL)"
        ) from None
    return FsspecStore(filesystem, root)


def _resolved(spec: Spec) -> Spec:
    try:
        return resolve_configuration(spec, sections=("archive",))
    except ConfigurationException as error:
        reason = str(error).splitlines()[0]
        raise ConfigurationError(
            f"archive: its settings cannot be used ({reason}); correct [archive] in .dlt/config.toml and "
            ".dlt/secrets.toml (ARCHIVE__<FIELD>)"
        ) from None
