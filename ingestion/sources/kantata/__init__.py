"""Kantata OX as a dlt source: projects, people, bookings, time and its approvals, milestones, agreements, applied rates."""

from __future__ import annotations

from dlt.common.configuration.specs import BaseConfiguration, configspec
from dlt.common.typing import TSecretStrValue
from dlt.extract import DltSource
from requests.auth import AuthBase

from ingestion.http.auth import request_token
from ingestion.http.errors import PermanentError
from ingestion.http.session import RefreshableAuth
from ingestion.source import build_source, credentials
from ingestion.sources.kantata.client import KantataClient, StaticToken, purpose_rows
from ingestion.sources.kantata.schema import OBJECTS
from ingestion.sources.kantata.settings import BASE_URL, PROJECT_STATUSES, PURPOSES, SYSTEM, TOKEN_URL

_STATUS_VALUES = ("planned", "active", "closed")


@configspec
class KantataCredentials(BaseConfiguration):
    """Where the account is and how to enter it: an ``access_token``, or ``client_id`` with ``client_secret``.

    ``names`` says what the account calls a purpose of ``settings.PURPOSES``; ``project_statuses`` adds the account's
    own project statuses as planned, active or closed. ``subscribed_events`` is false without that add-on.
    """

    base_url: str = BASE_URL
    token_url: str = TOKEN_URL
    access_token: TSecretStrValue | None = None
    client_id: str | None = None
    client_secret: TSecretStrValue | None = None
    subscribed_events: bool = True
    names: dict[str, str] | None = None
    project_statuses: dict[str, str] | None = None


def source() -> DltSource:
    """The dlt source ``raw_kantata``."""
    return build_source(SYSTEM, OBJECTS, connect)


def connect() -> KantataClient:
    """A client for the configured account; raises PermanentError when the configuration cannot be used."""
    conf = credentials(SYSTEM, KantataCredentials)
    names, statuses = conf.names or {}, conf.project_statuses or {}
    if unknown := sorted(set(names) - set(PURPOSES)):
        raise PermanentError(f"{SYSTEM}: names has no purpose {unknown[0]}; choose from {', '.join(PURPOSES)}")
    if wrong := sorted(set(statuses.values()) - set(_STATUS_VALUES)):
        raise PermanentError(f"{SYSTEM}: project_statuses says {wrong[0]}; choose from {', '.join(_STATUS_VALUES)}")
    purposes = purpose_rows(names, PROJECT_STATUSES | statuses)
    return KantataClient(conf.base_url, _auth(conf), purposes, change_feed=conf.subscribed_events)


def _auth(conf: KantataCredentials) -> AuthBase:
    if conf.client_id and conf.client_secret:
        basic = (conf.client_id, str(conf.client_secret))
        form = {"grant_type": "client_credentials"}
        return RefreshableAuth(lambda: (request_token(SYSTEM, conf.token_url, form, basic)["access_token"], None))
    if conf.access_token:
        return StaticToken(str(conf.access_token))
    raise PermanentError(
        f"{SYSTEM}: access_token not configured; set SOURCES__KANTATA__ACCESS_TOKEN (or CLIENT_ID and CLIENT_SECRET) "
        "in the environment or [sources.kantata] in .dlt/secrets.toml (see ingestion/sources/kantata/README.md)"
    )
