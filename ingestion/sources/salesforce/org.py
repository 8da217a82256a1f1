"""How to enter a Salesforce org; every system that runs in one has these settings in its own section."""

# Annotations are evaluated here: dlt reads those of a derived class in the module that derives it.
from typing import Any

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration

from ingestion.sources.salesforce import settings


@configspec
class OrgCredentials(BaseConfiguration):
    """A connected app with the client credentials flow, and this org's names for the custom objects and fields."""

    login_url: str = None  # type: ignore[assignment]
    """My Domain address, ``https://<org>.my.salesforce.com``; the generic login hosts refuse this flow."""
    client_id: dlt.TSecretStrValue = None  # type: ignore[assignment]
    client_secret: dlt.TSecretStrValue = None  # type: ignore[assignment]
    api_version: str = settings.API_VERSION
    object_names: dict[str, str] | None = None
    """Custom object -> its API name here, ``{"SOW_Line__c": "Deal_Line__c"}``; an empty name leaves it out."""
    field_names: dict[str, str] | None = None
    """Object.field -> its API name here, ``{"SOW_Line__c.Amount__c": "Value__c"}``."""

    def client_arguments(self) -> dict[str, Any]:
        """What a client of this org is made from, besides its catalog."""
        return {
            "login_url": self.login_url,
            "client_id": str(self.client_id),
            "client_secret": str(self.client_secret),
            "api_version": self.api_version,
            "object_names": self.object_names,
            "field_names": self.field_names,
        }
