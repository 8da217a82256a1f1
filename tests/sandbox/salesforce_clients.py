"""How simple-salesforce reaches a stand-in, of Salesforce or of a package that lives in a Salesforce org.

The client insists on https and on hosts of salesforce.com; the stand-ins of a server share one host and have a path
each. So its My Domain address is answered by the stand-in; everything after the login follows the stand-in's own
``instance_url``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

from ingestion.sandbox.server import SandboxServer

MY_DOMAIN = "leakage.my"


class _MyDomain(HTTPAdapter):
    """Sends what is addressed to the org's My Domain to the stand-in at ``url``."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        asked = urlsplit(request.url)
        request.url = f"{self._url}{asked.path}" + (f"?{asked.query}" if asked.query else "")
        return super().send(request, *args, **kwargs)


def session(server: SandboxServer, system: str) -> requests.Session:
    """A session that trusts ``server``, which must serve TLS, and finds ``system`` at the org's My Domain."""
    found = requests.Session()
    # A machine-wide REQUESTS_CA_BUNDLE would take the place of the server's own authority.
    found.trust_env = False
    found.verify = server.ca_file
    found.mount(f"https://{MY_DOMAIN}.salesforce.com", _MyDomain(f"{server.url}/{system}"))
    return found


def log_in(server: SandboxServer, system: str, client_id: str, client_secret: str, **options: Any) -> Salesforce:
    """simple-salesforce, logged in to ``system`` with client credentials; ``options`` are its own."""
    return Salesforce(
        consumer_key=client_id,
        consumer_secret=client_secret,
        domain=MY_DOMAIN,
        session=session(server, system),
        **options,
    )
