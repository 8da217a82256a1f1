"""Who is told, by which way: ``[alerts]`` in ``.dlt/secrets.toml`` or ``ALERTS__...``.

[alerts.targets]                  # a name and its apprise URL: mail, Slack, Teams, a webhook; secret, never shown
finance-mail = "mailtos://user:password@mail.example?to=finance@example.com"
it-slack = "slack://T000/B000/XXXX/#integration"
directors = "workflows://prod.example:443/WORKFLOW/SIGNATURE"

[alerts.routes]                   # owner (FIN, PMO, SVC, SOP, IT, PROC) -> targets
FIN = ["finance-mail"]
IT = ["it-slack"]

[alerts.escalations]              # level (1 to 3) -> targets that are told beside the owner's
2 = ["directors"]
"""

# Annotations are evaluated here: dlt reads them when it resolves the settings.
from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.configuration.specs import BaseConfiguration

from ingestion.config import ConfigurationError
from orchestration.exceptions import TEAMS

LEVELS = ("1", "2", "3")
_HELP = "set [alerts.targets] and [alerts.routes] in .dlt/secrets.toml (see orchestration/alerts/routes.py)"


@configspec
class AlertRoutes(BaseConfiguration):
    """Targets by name, and the names that are told about an owner's exceptions or from a level on."""

    targets: dict[str, str] | None = None
    routes: dict[str, list[str]] | None = None
    escalations: dict[str, list[str]] | None = None

    def of(self, owner: str, level: int) -> list[str]:
        """The names of the targets of an owner's exception on ``level``, each once."""
        higher = [name for step in LEVELS[:level] for name in (self.escalations or {}).get(step, [])]
        return list(dict.fromkeys([*(self.routes or {}).get(owner, []), *higher]))


def alert_routes() -> AlertRoutes:
    """The configured routes; raises ConfigurationError that names what is missing or unknown, never a URL."""
    try:
        found = resolve_configuration(AlertRoutes(), sections=("alerts",))
    except ConfigurationException:
        raise ConfigurationError(f"alerts: the settings cannot be read; {_HELP}") from None
    if not found.targets or not found.routes:
        raise ConfigurationError(f"alerts: nobody is told; {_HELP}")
    for kind, known, named in (("routes", tuple(TEAMS), found.routes), ("escalations", LEVELS, found.escalations)):
        for key, names in (named or {}).items():
            if key not in known:
                raise ConfigurationError(f"alerts: {kind} names {key!r}; write one of {', '.join(known)}")
            if unknown := [name for name in names if name not in found.targets]:
                raise ConfigurationError(
                    f"alerts: {kind} of {key} names {unknown[0]!r}, which is in no line of [alerts.targets]; add it there"
                )
    return found
