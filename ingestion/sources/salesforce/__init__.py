"""Salesforce CRM: customers, deals with their stage history, statements of work, agreed rates, change orders."""

from __future__ import annotations

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.extract import DltSource

from ingestion.source import build_source, credentials
from ingestion.sources.salesforce import settings
from ingestion.sources.salesforce.client import Client
from ingestion.sources.salesforce.schema import OBJECTS

__all__ = ["OBJECTS", "SalesforceCredentials", "connect", "source"]


@configspec
class SalesforceCredentials(BaseConfiguration):
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


def connect() -> Client:
    """The client of the configured org; raises PermanentError when credentials are missing."""
    conf = credentials("salesforce", SalesforceCredentials)
    return Client(
        conf.login_url,
        str(conf.client_id),
        str(conf.client_secret),
        api_version=conf.api_version,
        object_names=conf.object_names,
        field_names=conf.field_names,
    )


def source() -> DltSource:
    """All objects of Salesforce as append-only raw resources; nothing is asked before they are read."""
    return build_source("salesforce", OBJECTS, connect)
