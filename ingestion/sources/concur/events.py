"""Concur's Event Subscription Service: signed with Concur's private key, told in a thin envelope."""

# Annotations are evaluated here: dlt reads them when it resolves the settings.
from datetime import timedelta

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration

from ingestion.config import ConfigurationError
from ingestion.source import credentials
from ingestion.sources.concur.settings import SYSTEM
from ingestion.sources.events.receiver import Event, Proof, Receiver, Refused, Request, Terms, decoded, parse_time
from ingestion.sources.events.signatures import REPLAY_WINDOW, from_base64, key_id

SCHEME = "concur-ess"
TERMS = Terms(evidence=("x-request-id", "concur-correlationid"))
# Concur signs no time. It gives an event up after this long, so that an older one is a replay.
RETENTION = timedelta(hours=72)
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_PADDINGS = ("pkcs1v15", "pss")


@configspec
class ConcurEvents(BaseConfiguration):
    """Concur's public keys (PEM), all of them valid. Hash and padding of the signature are not documented."""

    webhook_public_keys: list[str] | None = None
    webhook_hash: str = "sha256"
    webhook_padding: str = "pkcs1v15"


def receiver() -> Receiver | None:
    """Concur as a sender; None when no key is configured. Raises ConfigurationError when one cannot be used."""
    conf = credentials(SYSTEM, ConcurEvents)
    if not conf.webhook_public_keys:
        return None
    if conf.webhook_hash not in _HASHES:
        raise ConfigurationError(f"{SYSTEM}: webhook_hash must be one of {', '.join(_HASHES)}")
    if conf.webhook_padding not in _PADDINGS:
        raise ConfigurationError(f"{SYSTEM}: webhook_padding must be one of {', '.join(_PADDINGS)}")
    return ConcurReceiver(conf.webhook_public_keys, conf.webhook_hash, conf.webhook_padding)


class _Facts(msgspec.Struct, rename="camel"):
    report_id: str | None = None


class _Envelope(msgspec.Struct, rename="camel"):
    id: str
    event_type: str
    topic: str
    time_stamp: str
    correlation_id: str | None = None
    facts: _Facts | None = None


class ConcurReceiver:
    """One company's events, one a request."""

    terms = TERMS

    def __init__(self, public_keys: list[str], hash_name: str = "sha256", padding_name: str = "pkcs1v15") -> None:
        """``public_keys`` are PEM; raises ConfigurationError when one is no RSA key."""
        self._keys = {key_id(text.encode()): _rsa_key(text) for text in public_keys}
        self._hash = _HASHES[hash_name]()
        mask = padding.PSS(padding.MGF1(self._hash), padding.PSS.AUTO)
        self._padding = padding.PKCS1v15() if padding_name == "pkcs1v15" else mask

    def verify(self, request: Request) -> Proof:
        signature = from_base64(request.headers.get("concur-signature", ""))
        for name, key in self._keys.items():
            try:
                key.verify(signature, request.body, self._padding, self._hash)
            except InvalidSignature:
                continue
            return Proof(SCHEME, name)
        raise Refused(401, "concur-signature does not match any valid key")

    def events(self, request: Request) -> list[Event]:
        told = decoded(request.body, _Envelope, "an event with id, topic, eventType and timeStamp")
        occurred_at = parse_time(told.time_stamp)
        assert occurred_at is not None
        if not -REPLAY_WINDOW <= request.received_at - occurred_at <= RETENTION:
            raise Refused(401, "the event is older than Concur keeps events, or from the future")
        report = told.facts.report_id if told.facts else None
        # The documentation spells topics with and without the first word.
        kind = f"{told.topic.removeprefix('public.')}.{told.event_type}"
        subject = f"report/{report}" if report else None
        return [Event(told.id, kind, request.body, subject, occurred_at, told.correlation_id or None)]


def _rsa_key(text: str) -> RSAPublicKey:
    try:
        key = load_pem_public_key(text.encode())
    except ValueError:
        key = None
    if not isinstance(key, RSAPublicKey):
        raise ConfigurationError(f"{SYSTEM}: webhook_public_keys has an entry that is no RSA public key in PEM")
    return key
