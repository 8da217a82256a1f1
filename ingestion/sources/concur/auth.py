"""Concur's OAuth: every refresh may hand out a new refresh token and another home for all later requests.

Both must outlive the run. They are kept in one file of the data directory that only its owner can read, never in
the pipeline's state, which is copied into the warehouse.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import requests
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

from ingestion.http.auth import request_token
from ingestion.http.errors import PermanentError
from ingestion.http.session import RefreshableAuth
from ingestion.sources.concur.settings import DEFAULT_BASE_URL, SYSTEM, TOKEN_PATH


@configspec
class ConcurCredentials(BaseConfiguration):
    """An app of the company's Concur site and a refresh token granted to it; ``base_url`` is its data centre."""

    client_id: str = None  # type: ignore[assignment]
    client_secret: TSecretStrValue = None  # type: ignore[assignment]
    refresh_token: TSecretStrValue = None  # type: ignore[assignment]
    base_url: str = DEFAULT_BASE_URL


@dataclass(frozen=True)
class Grant:
    """What the latest refresh handed out. ``issued_for`` identifies the configured credential it came from."""

    refresh_token: str
    geolocation: str
    issued_for: str


class GrantFile:
    """The latest grant on disk, mode 0600, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, issued_for: str) -> Grant | None:
        """The stored grant, unless there is none or another credential has been configured since."""
        try:
            grant = msgspec.json.decode(self._path.read_bytes(), type=Grant)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return grant if grant.issued_for == issued_for else None

    def save(self, grant: Grant) -> None:
        """Write durably before the old refresh token stops working."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(asdict(grant)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self._path)


class ConcurAuth(RefreshableAuth):
    """Bearer tokens that are sent to the company's geolocation and nowhere else."""

    def __init__(self, config: ConcurCredentials, grants: GrantFile) -> None:
        super().__init__(self._refresh)
        self._config = config
        self._grants = grants
        self._configured = config.base_url.rstrip("/")
        # Another configured address is another company: its tokens and home must not be used.
        identity = f"{config.client_id}\n{config.refresh_token}\n{self._configured}"
        self._issued_for = sha256(identity.encode()).hexdigest()
        self._homes: list[str] = []

    @property
    def geolocation(self) -> str:
        """Base address of all requests; asks for a token when none was granted yet."""
        if not self._homes:
            self.renew()
        return self._homes[-1]

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Attach the token; raises PermanentError when the address is not one Concur named as the company's home."""
        request = super().__call__(request)
        if not any(_same_origin(str(request.url), home) for home in self._homes):
            request.headers.pop("Authorization", None)
            host = urlsplit(str(request.url)).netloc
            raise PermanentError(
                f"{SYSTEM}: refused to send the access token to {host}, which is not the company's data centre "
                f"{self.geolocation}; check whether the data centre has changed and run again"
            )
        return request

    def _refresh(self) -> tuple[str, float | None]:
        stored = self._grants.load(self._issued_for)
        if stored:
            try:
                return self._exchange(stored.geolocation, stored.refresh_token)
            except PermanentError:
                # A restored or copied data directory may hold a token that was used up since.
                pass
        return self._exchange(self._configured, self._config.refresh_token)

    def _exchange(self, base: str, refresh_token: str) -> tuple[str, float | None]:
        form = {
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret,
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
        }
        answer = request_token(SYSTEM, base + TOKEN_PATH, form)
        home = str(answer.get("geolocation") or base).rstrip("/")
        if urlsplit(home).scheme != urlsplit(self._configured).scheme:
            raise PermanentError(
                f"{SYSTEM}: the token endpoint named {home} as data centre, which is not encrypted; refused"
            )
        self._homes.append(home)
        self._grants.save(Grant(str(answer.get("refresh_token") or refresh_token), home, self._issued_for))
        # Concur sends the lifetime as text.
        return str(answer["access_token"]), float(answer.get("expires_in", 3600))


def _same_origin(url: str, home: str) -> bool:
    return urlsplit(url)[:2] == urlsplit(home)[:2]
