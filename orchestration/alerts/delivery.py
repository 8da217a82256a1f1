"""Delivery of alerts with apprise, which speaks to mail servers, Slack, Teams, webhooks and a hundred more."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from ingestion.config import ConfigurationError
from orchestration.alerts.plan import Alert


class Sender:
    """The targets by name, ready to send; raises ConfigurationError for one whose URL apprise does not understand."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        import apprise

        # It logs URLs, and they hold passwords; what failed is said by the name of the target.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        self._targets: dict[str, Any] = {}
        for name, url in targets.items():
            target = apprise.Apprise()
            if not target.add(url):
                raise ConfigurationError(
                    f"alerts: the URL of target {name!r} is none that apprise knows; correct it in [alerts.targets]"
                )
            self._targets[name] = target

    def send(self, alert: Alert) -> bool:
        """Send one alert and wait; whether its receiver took it."""
        return bool(self._targets[alert.target].notify(title=alert.title, body=alert.text, body_format="text"))
