"""Who may ask: OAuth 2.0 client credentials with a signed assertion, and token-based authentication (OAuth 1.0a).

Signatures are checked against the wall clock, as their makers sign with it; the facts' clock plays no part here.
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

SCOPE = "rest_webservices"
ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_SECONDS = 3600
MAX_SKEW_SECONDS = 300


class Access:
    """The account's integration record: one certificate mapping, one token, and the access tokens issued so far.

    ``certificates`` maps certificate ids to public keys; a test may register more of them.
    """

    def __init__(self, account: str) -> None:
        self.account = account
        self.client_id = "b5d2-leakage-integration"
        self.certificate_id = "leakage-certificate-1"
        key = ec.generate_private_key(ec.SECP256R1())
        self.private_key_pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        self.certificates: dict[str, Any] = {self.certificate_id: key.public_key()}
        self.consumer_key, self.consumer_secret = "ck-leakage", secrets.token_hex(24)
        self.token_id, self.token_secret = "tk-leakage", secrets.token_hex(24)
        self._issued: set[str] = set()
        self._nonces: set[tuple[str, str]] = set()

    def grant(self, form: dict[str, str], token_url: str) -> tuple[int, dict[str, str]]:
        """Status and body of the token endpoint's answer."""
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != ASSERTION_TYPE:
            return 400, {"error": "invalid_request"}
        try:
            self._check_assertion(form.get("client_assertion", ""), token_url)
        except jwt.InvalidTokenError:
            return 400, {"error": "invalid_grant"}
        token = self._access_token()
        self._issued.add(token)
        return 200, {"access_token": token, "expires_in": str(TOKEN_SECONDS), "token_type": "Bearer"}

    def _access_token(self) -> str:
        """A JWT of NetSuite's own, which clients need not read: of a role and user, for an application and company."""
        now = int(time.time())
        claims = {
            "sub": "3;7",
            "aud": [f"1A2B3C;{self.account}", self.client_id],
            "iss": "https://system.netsuite.com",
            "scope": [SCOPE],
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, _signing_key(), "PS256", headers={"kid": "s.SYSTEM.1"})

    def _check_assertion(self, assertion: str, token_url: str) -> None:
        header = jwt.get_unverified_header(assertion)
        public_key = self.certificates.get(header.get("kid", ""))
        if public_key is None or header.get("alg") not in ALGORITHMS:
            raise jwt.InvalidTokenError("unknown certificate or algorithm")
        required = ["iss", "aud", "iat", "exp", "scope"]
        claims = jwt.decode(
            assertion, public_key, algorithms=list(ALGORITHMS), audience=token_url, issuer=self.client_id,
            options={"require": required},
        )  # fmt: skip
        scope = claims["scope"]
        scopes = scope if isinstance(scope, list) else str(scope).replace(",", " ").split()
        if SCOPE not in scopes or claims["exp"] - claims["iat"] > TOKEN_SECONDS:
            raise jwt.InvalidTokenError("scope or lifetime")

    def expire(self) -> None:
        """Make every access token issued so far invalid."""
        self._issued.clear()

    def allows(self, method: str, url: str, authorization: str) -> bool:
        """Whether a request with this Authorization header may pass; ``url`` includes its query."""
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return rest in self._issued
        return scheme.lower() == "oauth" and self._signed(method, url, rest)

    def _signed(self, method: str, url: str, header: str) -> bool:
        parts = dict(p.strip().split("=", 1) for p in header.split(",") if "=" in p)
        params = {k: unquote(v.strip('"')) for k, v in parts.items()}
        realm, signature = params.pop("realm", ""), params.pop("oauth_signature", "")
        stamp, nonce = params.get("oauth_timestamp", ""), params.get("oauth_nonce", "")
        fresh = stamp.isdigit() and abs(time.time() - int(stamp)) <= MAX_SKEW_SECONDS
        known = (params.get("oauth_consumer_key"), params.get("oauth_token")) == (self.consumer_key, self.token_id)
        if not (fresh and known) or realm != self.account or len(nonce) < 6 or (stamp, nonce) in self._nonces:
            return False
        if params.get("oauth_signature_method") != "HMAC-SHA256":
            return False
        address, _, query = url.partition("?")
        pairs = sorted((_enc(k), _enc(v)) for k, v in [*params.items(), *parse_qsl(query, keep_blank_values=True)])
        base = "&".join((method.upper(), _enc(address), _enc("&".join(f"{k}={v}" for k, v in pairs))))
        key = f"{_enc(self.consumer_secret)}&{_enc(self.token_secret)}"
        expected = b64encode(hmac.new(key.encode(), base.encode(), sha256).digest()).decode()
        if not hmac.compare_digest(expected, signature):
            return False
        self._nonces.add((stamp, nonce))
        return True


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    """NetSuite's key; one for all accounts of this process, since making it takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _enc(text: str) -> str:
    return quote(text, safe="~-._")
