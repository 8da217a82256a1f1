"""How the validation interface is configured: ``[validation]`` in ``.dlt/secrets.toml``, or ``VALIDATION__...``."""

# Annotations are evaluated here: dlt reads them when it resolves the settings.
from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.configuration.specs import BaseConfiguration

from ingestion.config import ConfigurationError


@configspec
class ValidationSettings(BaseConfiguration):
    """Who may ask, and how much. Without any key there is no interface."""

    keys: dict[str, list[str]] | None = None
    """Caller -> the hashes of its keys, as ``leakage api-key`` prints them; two while one replaces the other."""
    scopes: dict[str, list[str]] | None = None
    """Caller -> what it may ask."""
    requests_per_second: float = 20.0
    """Of one caller, with twice that at once."""


def validation_settings() -> ValidationSettings:
    """The configured settings; raises ConfigurationError when one cannot be used, and shows no value."""
    try:
        return resolve_configuration(ValidationSettings(), sections=("validation",))
    except ConfigurationException as error:
        fields = ", ".join(sorted(getattr(error, "fields", None) or ["a setting"]))
        raise ConfigurationError(
            f"validation: {fields} cannot be used; see [validation] in orchestration/validation/README.md"
        ) from None
