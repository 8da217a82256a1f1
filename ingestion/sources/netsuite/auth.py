"""The two ways into an account: OAuth 2.0 with a signed assertion, and token-based authentication (OAuth 1.0a)."""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import parse_qsl, quote

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ingestion.archive.tape import is_replay
from ingestion.http.auth import request_token
from ingestion.http.errors import CredentialsError, PermanentError
from ingestion.http.session import RefreshableAuth

ASSERTION_SECONDS = 600
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


def assertion_grant(
    token_url: str, client_id: str, certificate_id: str, private_key: str
) -> Callable[[], tuple[str, float]]:
    """``fetch_token`` of the client credentials grant; every renewal signs a new assertion.

    The key is a PEM text, RSA (signed as PS256; NetSuite refuses RS256) or elliptic curve. Raises PermanentError when
    the key cannot be used, and ``fetch_token`` when the account refuses it.
    """
    # A replay asks for no token and is given no key.
    algorithm = "" if is_replay() else _algorithm(private_key)

    def fetch() -> tuple[str, float]:
        now = int(time.time())
        claims = {
            "iss": client_id,
            "scope": ["rest_webservices"],
            "aud": token_url,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(claims, private_key, algorithm, headers={"kid": certificate_id}),
        }
        try:
            answer = request_token("netsuite", token_url, form)
        except CredentialsError as error:
            raise CredentialsError(
                f"{error}: client_id, certificate_id and private_key must belong together, and the certificate be valid"
            ) from None
        return str(answer["access_token"]), float(answer.get("expires_in", 3600))

    return fetch


def _algorithm(private_key: str) -> str:
    try:
        key = load_pem_private_key(private_key.encode(), None)
    except (ValueError, TypeError):
        key = None
    if isinstance(key, rsa.RSAPrivateKey):
        return "PS256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    raise PermanentError(
        "netsuite: private_key is not an unencrypted PEM key of type RSA or EC (P-256, P-384, P-521); "
        "set it to the key whose certificate was uploaded to the account"
    )


class TokenSignature(RefreshableAuth):
    """Token-based authentication: every request is signed with HMAC-SHA256 over its address, query and nonce.

    A signed request cannot be sent twice. Renewing needs no call: the repeated request is signed afresh.
    """

    def __init__(self, realm: str, consumer_key: str, consumer_secret: str, token_id: str, token_secret: str) -> None:
        self._realm = realm
        self._public = {"oauth_consumer_key": consumer_key, "oauth_token": token_id}
        self._key = f"{_encode(consumer_secret)}&{_encode(token_secret)}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        params = self._public | {
            "oauth_nonce": secrets.token_hex(12),
            "oauth_timestamp": str(int(time.time())),
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_version": "1.0",
        }
        address, _, query = (request.url or "").partition("?")
        pairs = sorted(
            (_encode(k), _encode(v)) for k, v in [*params.items(), *parse_qsl(query, keep_blank_values=True)]
        )
        signed = "&".join(f"{k}={v}" for k, v in pairs)
        base = "&".join((request.method or "", _encode(address), _encode(signed)))
        digest = hmac.new(self._key.encode(), base.encode(), sha256).digest()
        shown = {"realm": self._realm} | params | {"oauth_signature": b64encode(digest).decode()}
        request.headers["Authorization"] = "OAuth " + ", ".join(f'{k}="{_encode(v)}"' for k, v in shown.items())
        return request

    def renew(self) -> None:
        """Nothing to fetch: the next attempt carries a new nonce and signature."""


def _encode(text: str) -> str:
    return quote(text, safe="~-._")
