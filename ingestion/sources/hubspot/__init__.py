"""HubSpot CRM: companies, deals with their stage history, statements of work, agreed rates, change orders."""

from __future__ import annotations

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.extract import DltSource
from requests.auth import AuthBase

from ingestion.http.errors import PermanentError
from ingestion.http.session import RefreshableAuth
from ingestion.source import build_source, credentials
from ingestion.sources.hubspot import settings
from ingestion.sources.hubspot.auth import OAuthGrant, StaticToken
from ingestion.sources.hubspot.client import Client
from ingestion.sources.hubspot.names import Names
from ingestion.sources.hubspot.schema import OBJECTS

__all__ = ["OBJECTS", "HubSpotCredentials", "connect", "source"]


@configspec
class HubSpotCredentials(BaseConfiguration):
    """An ``access_token`` (private app or service key), or the OAuth app's ``client_id``, ``client_secret`` and
    ``refresh_token``; and what this portal calls the objects, properties and association labels.
    """

    access_token: dlt.TSecretStrValue | None = None
    client_id: str | None = None
    client_secret: dlt.TSecretStrValue | None = None
    refresh_token: dlt.TSecretStrValue | None = None
    base_url: str = settings.BASE_URL
    api_version: str = settings.API_VERSION
    requests_per_second: float = settings.REQUESTS_PER_SECOND
    object_names: dict[str, str] | None = None
    """Raw object -> object type here, ``{"sow_line": "line_items"}``; an empty name leaves it out."""
    property_names: dict[str, str] | None = None
    """Object.property -> its internal name here, ``{"sow_line.amount": "contract_value"}``."""
    association_labels: dict[str, str] | None = None
    """Association label -> label here, ``{"Agreed rates": "Price list"}``."""


def connect() -> Client:
    """The client of the configured portal; raises PermanentError when credentials are missing or names are wrong."""
    conf = credentials(settings.SYSTEM, HubSpotCredentials)
    names = Names(conf.object_names, conf.property_names, conf.association_labels)
    return Client(
        conf.base_url,
        _auth(conf),
        names,
        api_version=conf.api_version,
        requests_per_second=conf.requests_per_second,
    )


def source() -> DltSource:
    """All objects of HubSpot as append-only raw resources; nothing is asked before they are read."""
    return build_source(settings.SYSTEM, OBJECTS, connect)


def _auth(conf: HubSpotCredentials) -> AuthBase:
    if conf.access_token:
        return StaticToken(str(conf.access_token))
    if conf.client_id and conf.client_secret and conf.refresh_token:
        grant = OAuthGrant(
            conf.base_url, conf.api_version, conf.client_id, str(conf.client_secret), str(conf.refresh_token)
        )
        return RefreshableAuth(grant)
    raise PermanentError(
        "hubspot: access_token not configured; set SOURCES__HUBSPOT__ACCESS_TOKEN (or CLIENT_ID, CLIENT_SECRET and "
        "REFRESH_TOKEN) in the environment or [sources.hubspot] in .dlt/secrets.toml (see ingestion/sources/hubspot/README.md)"
    )
