"""One Entra application and the two services that it may read: Dataverse and Finance."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime

from ingestion.raw import Fetched, RawObject, Window
from ingestion.sources.dynamics365 import settings
from ingestion.sources.dynamics365.dataverse import Dataverse
from ingestion.sources.dynamics365.finance import Finance
from ingestion.sources.dynamics365.names import Names
from ingestion.sources.dynamics365.odata import Service


class Client:
    """Reads one organisation's Project Operations (Dataverse) and Finance; a token is fetched for each of them.

    ``dataverse_url`` and ``finance_url`` are the addresses of the environments, which are their token scopes too.
    """

    def __init__(
        self,
        dataverse_url: str,
        finance_url: str,
        token_url: str,
        client_id: str,
        client_secret: str,
        names: Names,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        def service(base_url: str, path: str) -> Service:
            resource = base_url.rstrip("/")
            return Service(f"{resource}/{path}", resource, token_url, client_id, client_secret, sleep)

        self._names = names
        self._services = (service(dataverse_url, f"api/data/v{settings.API_VERSION}"), service(finance_url, "data"))
        self._dataverse = Dataverse(self._services[0], names)
        self._finance = Finance(self._services[1], names)

    def server_time(self) -> datetime:
        """The earlier of the two services' clocks (UTC): both are complete through it."""
        return min(service.server_time() for service in self._services)

    def fetch(self, obj: RawObject, window: Window) -> Iterable[Fetched]:
        """Pages of ``obj`` and what they are complete for, from the service that has it."""
        if not self._names.entity(obj):
            return ()
        reader = self._dataverse if obj.name in settings.TABLES else self._finance
        return reader.fetch(obj, window)
