"""Oracle NetSuite: legal entities, bill-to customers, invoices and credits, payments, charges, revenue, costs."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.extract import DltSource

from ingestion.http.errors import PermanentError
from ingestion.http.session import RefreshableAuth
from ingestion.source import build_source, credentials
from ingestion.sources.netsuite import settings
from ingestion.sources.netsuite.auth import TokenSignature, assertion_grant
from ingestion.sources.netsuite.client import Client
from ingestion.sources.netsuite.queries import Queries
from ingestion.sources.netsuite.schema import OBJECTS, objects

__all__ = ["OBJECTS", "NetSuiteCredentials", "connect", "source"]


@configspec
class NetSuiteCredentials(BaseConfiguration):
    """An account and one of two ways in: a certificate (OAuth 2.0), or a token (TBA)."""

    account_id: str = None  # type: ignore[assignment]
    """``1234567`` or, for a sandbox account, ``1234567_SB1``."""
    base_url: str | None = None
    """Only where the account is not at its usual address."""
    time_zone: str = settings.TIME_ZONE
    """Time zone preference of the integration user: SuiteQL shows datetimes in it."""
    client_id: str | None = None
    certificate_id: str | None = None
    private_key: dlt.TSecretStrValue | None = None
    consumer_key: str | None = None
    consumer_secret: dlt.TSecretStrValue | None = None
    token_id: str | None = None
    token_secret: dlt.TSecretStrValue | None = None
    record_names: dict[str, str] | None = None
    """Raw object -> this account's record, ``{"averagerate": "customrecord_fx_avg"}``; an empty name leaves it out."""
    field_names: dict[str, str] | None = None
    """Raw object.column -> this account's field, ``{"transaction.sent_date": "custbody_mailed_on"}``."""


def connect() -> Client:
    """The client of the configured account; raises PermanentError when credentials are missing or unusable."""
    conf = credentials("netsuite", NetSuiteCredentials)
    host = conf.account_id.lower().replace("_", "-")
    base_url = (conf.base_url or f"https://{host}.suitetalk.api.netsuite.com").rstrip("/")
    return Client(base_url, _auth(conf, base_url), Queries(_zone(), conf.record_names, conf.field_names))


def source() -> DltSource:
    """All objects of NetSuite as append-only raw resources; nothing is asked before they are read."""
    return build_source("netsuite", objects(_zone()), connect)


def _zone() -> str:
    """The session's time zone: a plain setting, so that drawing the source needs no credentials."""
    place = "sources.netsuite.time_zone"
    zone = dlt.config.get(place, str) or dlt.secrets.get(place, str) or settings.TIME_ZONE
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise PermanentError(f"netsuite: time_zone {zone!r} is not known; use a name like America/New_York") from None
    return zone


def _auth(conf: NetSuiteCredentials, base_url: str) -> RefreshableAuth:
    assertion = {name: getattr(conf, name) for name in ("client_id", "certificate_id", "private_key")}
    token = {name: getattr(conf, name) for name in ("consumer_key", "consumer_secret", "token_id", "token_secret")}
    if all(token.values()) and not all(assertion.values()):
        return TokenSignature(conf.account_id.upper().replace("-", "_"), *(str(v) for v in token.values()))
    if not all(assertion.values()):
        missing = ", ".join(name for name, value in assertion.items() if not value)
        raise PermanentError(
            f"netsuite: {missing} not configured; set SOURCES__NETSUITE__<FIELD> in the environment or "
            "[sources.netsuite] in .dlt/secrets.toml, for a certificate or a token (see ingestion/sources/netsuite/README.md)"
        )
    key = str(conf.private_key).replace("\\n", "\n")
    token_url = f"{base_url}/services/rest/auth/oauth2/v1/token"
    return RefreshableAuth(assertion_grant(token_url, str(conf.client_id), str(conf.certificate_id), key))
