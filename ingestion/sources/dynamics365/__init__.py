"""Dynamics 365: Project Operations on Dataverse and Finance as one ledger: who is billed, what, and what was earned."""

from __future__ import annotations

import time
from collections.abc import Callable

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.extract import DltSource

from ingestion.source import build_source, credentials
from ingestion.sources.dynamics365 import settings
from ingestion.sources.dynamics365.client import Client
from ingestion.sources.dynamics365.names import Names
from ingestion.sources.dynamics365.schema import OBJECTS

__all__ = ["OBJECTS", "Dynamics365Credentials", "connect", "source"]


@configspec
class Dynamics365Credentials(BaseConfiguration):
    """One Entra application with client credentials, and the two environments that it reads."""

    tenant_id: str = None  # type: ignore[assignment]
    client_id: str = None  # type: ignore[assignment]
    client_secret: dlt.TSecretStrValue = None  # type: ignore[assignment]
    dataverse_url: str = None  # type: ignore[assignment]
    """``https://<org>.crm.dynamics.com``."""
    finance_url: str = None  # type: ignore[assignment]
    """``https://<environment>.operations.dynamics.com``."""
    authority_url: str = settings.AUTHORITY_URL
    """Only for national clouds."""
    entity_names: dict[str, str] | None = None
    """Raw object -> table or entity set here, ``{"project_invoice": "FirmProjInvoices"}``; empty leaves it out."""
    field_names: dict[str, str] | None = None
    """Raw object.field -> column here, ``{"msdyn_project.externalid": "firm_projectid"}``."""


def connect(sleep: Callable[[float], None] = time.sleep) -> Client:
    """The client of the configured environments, which waits with ``sleep``.

    Raises PermanentError when credentials are missing or unusable.
    """
    conf = credentials("dynamics365", Dynamics365Credentials)
    token_url = f"{conf.authority_url.rstrip('/')}/{conf.tenant_id}/oauth2/v2.0/token"
    names = Names(conf.entity_names, conf.field_names)
    secret = str(conf.client_secret)
    return Client(conf.dataverse_url, conf.finance_url, token_url, conf.client_id, secret, names, sleep)


def source() -> DltSource:
    """All objects of Dynamics 365 as append-only raw resources; nothing is asked before they are read."""
    return build_source("dynamics365", OBJECTS, connect)
